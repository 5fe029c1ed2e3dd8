/**
 * Returns a function that runs work with the same key sequentially, in the order of calls. An error affects its caller
 * only.
 */
export function oneAtATime(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const before = last.get(key);
    const current = before === undefined ? work() : before.then(work, work);
    last.set(key, current);
    const done = () => {
      if (last.get(key) === current) last.delete(key);
    };
    current.then(done, done);
    return current;
  };
}
