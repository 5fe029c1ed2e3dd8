type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Returns the object without members whose value is `undefined`. */
export function withoutUndefined<T extends object>(value: T): Defined<T> {
  // the same members, without those that are undefined
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}
