/** The same object without some of its members. */
export function omit<T extends object, K extends keyof T & string>(value: T, ...names: readonly K[]): Omit<T, K> {
  const without: readonly string[] = names;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !without.includes(name))) as Omit<T, K>; // the same members, less those named
}
