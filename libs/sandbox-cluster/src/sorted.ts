/** How many items at the beginning of a list are `before` what is looked for; those that are stand in front of all others. */
export function countBefore<T>(list: readonly T[], before: (item: T) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = list[middle];
    if (item !== undefined && before(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where a text is, or would be, in a list of texts in order of their code units. */
const placeIn = (list: readonly string[], text: string): number => countBefore(list, (item) => item < text);

/** Puts a text that is not there yet into its place. */
export function insert(list: string[], text: string): void {
  const last = list.at(-1);
  if (last === undefined || last < text) list.push(text);
  else list.splice(placeIn(list, text), 0, text);
}

/** Takes a text out, if it is there. */
export function withdraw(list: string[], text: string): void {
  const place = placeIn(list, text);
  if (list[place] === text) list.splice(place, 1);
}
