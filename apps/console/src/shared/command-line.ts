/** Words of a command; absent ones (`undefined`, `false`) are left out. */
export type CommandWords = readonly (string | false | undefined)[];

/** Returns a command of astroctl as a shell reads it: words with spaces or special characters are quoted. */
export const commandLine = (...words: CommandWords): string =>
  ['astroctl', ...words.filter((word) => word !== undefined && word !== false)].map(quoted).join(' ');

/** Returns the command of astroctl for a request, for the organization of the request if it has one. */
export const commandFor = (input: object, ...words: CommandWords): string =>
  commandLine(...words, ...('org' in input && typeof input.org === 'string' ? flagOf('--org', input.org) : []));

const quoted = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** Returns a flag with its value, or nothing without a value: two words for `commandLine`. */
export const flagOf = (name: string, value: string | undefined): readonly string[] =>
  value === undefined || value === '' ? [] : [name, value];
