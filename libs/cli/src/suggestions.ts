/** Commands of other tools and their equivalents. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  list: ['get'],
  ls: ['get', 'list'],
  describe: ['get'],
  show: ['get'],
  create: ['apply'],
  update: ['apply'],
  edit: ['set'],
  remove: ['delete'],
  rm: ['delete'],
  undo: ['rollback'],
  apps: ['app'],
  application: ['app'],
  cluster: ['clusters'],
  organization: ['org'],
  users: ['user'],
  keys: ['key'],
  apikey: ['key'],
};
/** Maximum number of suggestions in an error. */
const MAX_SUGGESTIONS = 3;

/**
 * Returns the commands that were probably meant, best first. Only close matches are returned, because a wrong
 * suggestion is worse than none.
 *
 * @param word the word that is not a command
 * @param at the words before it
 * @param paths all commands and groups
 */
export function nearest(word: string, at: readonly string[], paths: readonly string[]): readonly string[] {
  const lower = word.toLowerCase();
  const here = at.length === 0 ? '' : `${at.join(' ')} `;
  const siblings = paths.flatMap((path) =>
    path.startsWith(here) && !path.slice(here.length).includes(' ') ? [path.slice(here.length)] : [],
  );
  const synonym = (SYNONYMS[lower] ?? []).filter((name) => siblings.includes(name)).map((name) => `${here}${name}`);
  if (synonym.length > 0) return synonym.slice(0, 1);
  const typing = siblings
    .map((name) => ({ name, distance: distanceOf(lower, name) }))
    .filter(({ name, distance }) => distance <= (Math.min(lower.length, name.length) <= 4 ? 1 : 2))
    .toSorted((a, b) => a.distance - b.distance);
  const best = typing.filter(({ distance }) => distance === typing[0]?.distance).map(({ name }) => `${here}${name}`);
  const inOtherGroups = paths
    .filter((path) => path.split(' ').at(-1) === lower && path !== lower)
    .toSorted((a, b) => a.length - b.length);
  return [...(inOtherGroups.length > 0 && typing[0]?.distance !== 1 ? [] : best), ...inOtherGroups].slice(
    0,
    MAX_SUGGESTIONS,
  );
}

/**
 * Returns the edit distance: insertions, deletions, replacements, and swaps of neighbors (optimal string alignment).
 */
export function distanceOf(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= from.length; row++) {
    rows.push([row]);
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      rows[row]?.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + (isSame ? 0 : 1),
          ...(isSwap ? [at(row - 2, column - 2) + 1] : []),
        ),
      );
    }
  }
  return at(from.length, to.length);
}
