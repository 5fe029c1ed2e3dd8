/** Returns how many items at the start of a sorted list satisfy `before`. They must precede all others. */
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

/** Returns the index of a text in a list sorted by code units, or the index where it would be. */
const placeIn = (list: readonly string[], text: string): number => countBefore(list, (item) => item < text);

/** Inserts a text that the list does not contain. */
export function insert(list: string[], text: string): void {
  const last = list.at(-1);
  if (last === undefined || last < text) list.push(text);
  else list.splice(placeIn(list, text), 0, text);
}

/** Removes a text, if the list contains it. */
export function withdraw(list: string[], text: string): void {
  const place = placeIn(list, text);
  if (list[place] === text) list.splice(place, 1);
}
