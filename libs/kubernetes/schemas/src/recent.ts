/** What was worked out for objects used of late; never more than twice `most`, and nothing for objects that are gone. */
export interface Recent<Key extends object, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
}

/** Two generations: the older one is forgotten when the younger one is full, and what is still used moves over. */
export function recent<Key extends object, Value>(most: number): Recent<Key, Value> {
  let [young, old] = [new WeakMap<Key, Value>(), new WeakMap<Key, Value>()];
  let count = 0;
  function set(key: Key, value: Value): void {
    if (count >= most) [young, old, count] = [new WeakMap(), young, 0];
    young.set(key, value);
    count += 1;
  }
  return {
    get(key) {
      const found = young.get(key);
      if (found !== undefined) return found;
      const older = old.get(key);
      if (older !== undefined) set(key, older);
      return older;
    },
    set,
  };
}
