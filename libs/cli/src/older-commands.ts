import { globalOptions } from './global-options.ts';

/** Names of commands in earlier tools, and the present ones. The longer ones first. */
const OLDER: readonly (readonly [older: readonly string[], present: readonly string[]])[] = [
  [['infra', 'k8s'], ['clusters']],
  [['provider', 'clusters'], ['clusters']],
  [
    ['providers', 'list'],
    ['clusters', 'list'],
  ],
  [['apikey'], ['key']],
];

/** Replaces the older name of a command by the present one, at the beginning or after `help` or global flags. */
export function withPresentNames(words: readonly string[]): readonly string[] {
  const start = startOf(words);
  const found = OLDER.find(([older]) => older.every((word, index) => words[start + index] === word));
  return found ? [...words.slice(0, start), ...found[1], ...words.slice(start + found[0].length)] : words;
}

/** Returns the index of the first word of the command. */
function startOf(words: readonly string[]): number {
  const withValue = globalOptions().flatMap(({ required, short, long }) => (required ? [short, long] : []));
  let start = words[0] === 'help' ? 1 : 0;
  for (let word = words[start]; word?.startsWith('-') && word !== '--'; word = words[start])
    start += withValue.includes(word) ? 2 : 1;
  return start;
}
