/**
 * Returns a command of astroctl as a shell reads it: words with spaces or special characters are quoted, and absent
 * ones (`undefined`, `false`) are left out.
 */
export const commandLine = (...words: readonly (string | false | undefined)[]): string =>
  ['astroctl', ...words.filter((word) => word !== undefined && word !== false)].map(quoted).join(' ');

const quoted = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** Returns a flag with its value, or nothing without a value: two words for `commandLine`. */
export const flagOf = (name: string, value: string | undefined): readonly string[] =>
  value === undefined || value === '' ? [] : [name, value];
