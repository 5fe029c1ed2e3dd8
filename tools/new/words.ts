import { relative } from 'node:path/posix';

export const pascalCase = (name: string): string =>
  name
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
export const camelCase = (name: string): string => pascalCase(name).replace(/^./, (letter) => letter.toLowerCase());
export const sentence = (name: string): string =>
  name.replaceAll('-', ' ').replace(/^./, (letter) => letter.toUpperCase());
/** `archive` → `archived`, `move-away` → `moved-away`: regular verbs; the others are corrected by hand. */
export const past = (name: string): string =>
  name.replace(/^[a-z]+/, (verb) =>
    verb.endsWith('e') ? `${verb}d` : verb.endsWith('y') ? `${verb.slice(0, -1)}ied` : `${verb}ed`,
  );

/** How a file in `folder` imports another: `../names/name.events.ts`. */
export function relativePath(folder: string, file: string): string {
  const path = relative(folder, file);
  return path.startsWith('.') ? path : `./${path}`;
}
