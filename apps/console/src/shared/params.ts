import { useParams } from '@tanstack/react-router';

/** Returns the organization of the page's address: slug or ID. For pages below `/o/$org`. */
export const useOrg = (): string => useParams({ strict: false }).org ?? '';

/** Returns a parameter of the page's address, such as `name`. */
export const useParam = (name: string): string =>
  (useParams({ strict: false }) as Readonly<Record<string, string | undefined>>)[name] ?? '';
