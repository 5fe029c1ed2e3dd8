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

/** Replaces the older name of a command at the beginning of the words by the present one. */
export function withPresentNames(words: readonly string[]): readonly string[] {
  const found = OLDER.find(([older]) => older.every((word, index) => words[index] === word));
  return found ? [...found[1], ...words.slice(found[0].length)] : words;
}
