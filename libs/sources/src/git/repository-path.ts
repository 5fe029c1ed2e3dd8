/**
 * Resolves a path of the user within a repository, without a file system.
 *
 * @param folder what the path is relative to, already resolved; '' is the root
 * @returns the path without `.`, `..` and a last `/`; undefined if it is absolute, leads out of the repository, or has
 *   characters that no path has
 */
export function resolvePath(folder: string, path: string): string | undefined {
  if (path.length > MAX_LENGTH || path.startsWith('/') || /[\u0000-\u001f\u007f\\]/.test(path)) return undefined;
  const segments = folder === '' ? [] : folder.split('/');
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) return undefined;
  }
  return segments.join('/');
}

const MAX_LENGTH = 4_000;

/** Returns the folder of a path; '' is the root. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** Returns the last segment of a path. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Returns the path of a member of a folder. */
export const inFolder = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

/** Returns a folder for people. */
export const shownFolder = (folder: string): string => (folder === '' ? 'The root of the repository' : folder);
