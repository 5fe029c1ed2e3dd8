import { relative } from 'node:path/posix';

export const pascalCase = (name: string): string =>
  name
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
export const camelCase = (name: string): string => pascalCase(name).replace(/^./, (letter) => letter.toLowerCase());
export const sentence = (name: string): string =>
  name.replaceAll('-', ' ').replace(/^./, (letter) => letter.toUpperCase());
/**
 * Returns the past tense: `archive` becomes `archived`, `move-away` becomes `moved-away`. Irregular verbs must be
 * corrected.
 */
export const past = (name: string): string =>
  name.replace(/^[a-z]+/, (verb) =>
    verb.endsWith('e') ? `${verb}d` : verb.endsWith('y') ? `${verb.slice(0, -1)}ied` : `${verb}ed`,
  );

/** Returns the import path from `folder` to a file: `../names/name.events.ts`. */
export function relativePath(folder: string, file: string): string {
  const path = relative(folder, file);
  return path.startsWith('.') ? path : `./${path}`;
}
