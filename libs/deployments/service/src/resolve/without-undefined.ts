type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Optional members that are there with the value `undefined` are left out. */
export function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>; // the same members, less those that are undefined
}
