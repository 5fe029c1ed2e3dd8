/** Returns the object without some of its members. */
export function omit<T extends object, K extends keyof T & string>(value: T, ...names: readonly K[]): Omit<T, K> {
  const without: readonly string[] = names;
  // the same members, without those named
  return Object.fromEntries(Object.entries(value).filter(([name]) => !without.includes(name))) as Omit<T, K>;
}
