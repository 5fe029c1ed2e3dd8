import { threadId } from 'node:worker_threads';

/** Jobs that finish, and jobs that do not. */
export const jobs = {
  double: (input: number) => input * 2,
  /** Ends when another thread has counted to `count`. */
  awaitCount: ({ counter, count }: { readonly counter: Int32Array; readonly count: number }) => {
    while (Atomics.load(counter, 0) < count);
    return threadId;
  },
  /** Ends when `count` jobs are running. */
  meet: ({ counter, count }: { readonly counter: Int32Array; readonly count: number }) => {
    Atomics.add(counter, 0, 1);
    while (Atomics.load(counter, 0) < count);
    return threadId;
  },
  forever: (_input: null): never => {
    for (;;);
  },
  allocate: (_input: null): never => {
    for (const kept: object[] = []; ;) kept.push(Array.from({ length: 1_000 }, () => ({})));
  },
  fail: (input: string): never => {
    throw new Error(input);
  },
  leave: (_input: null): never => process.exit(3),
  whichThread: (_input: null) => threadId,
};
