import type { SqliteStore } from './open-sqlite.ts';
import { isFailureOfStore } from './sqlite-failure.ts';

/** Commits all writes of one turn of the event loop in one transaction, and therefore with one disk sync. */
export interface GroupCommit {
  /**
   * Runs `action` in the next transaction and settles after its commit. If an action throws, it alone rejects: the
   * transaction is rolled back, and the other actions run again without it. If the disk or the file fails, all actions
   * reject.
   * @param bytes approximate size of what the action writes. Large writes of one turn are committed in several turns.
   */
  write<T>(action: () => T, bytes?: number): Promise<T>;
  /** Resolves when all previous writes are committed or have failed. */
  settled(): Promise<void>;
}

export interface GroupCommitOptions {
  /** Called at the start of each transaction. */
  readonly onBegin?: () => void;
  /** Called after each commit, before the writes resolve. */
  readonly committed?: () => void;
  /** Called after each rollback. State that actions derived from the file is then invalid. */
  readonly rolledBack?: () => void;
}

interface Waiting {
  readonly bytes: number;
  run(): void;
  resolve(): void;
  reject(reason: unknown): void;
}

/** Maximum writes in one transaction, and of their bytes unless it is one write. The event loop runs between two. */
const GROUP = 1024;
const GROUP_BYTES = 1024 * 1024;

const nothing = (): void => {};

export function createGroupCommit(
  store: SqliteStore,
  { onBegin = nothing, committed = nothing, rolledBack = nothing }: GroupCommitOptions = {},
): GroupCommit {
  const waiting: Waiting[] = [];
  let isScheduled = false;
  const idle: (() => void)[] = [];

  function flush(): void {
    const group = waiting.splice(0, groupSize(waiting));
    while (group.length > 0) {
      let running = -1;
      try {
        store.transaction(() => {
          onBegin();
          for (const [index, { run }] of group.entries()) {
            running = index;
            run();
          }
          running = -1;
        });
        committed();
        for (const { resolve } of group.splice(0)) resolve();
      } catch (error) {
        rolledBack();
        const isAlone = running >= 0 && !isFailureOfStore(error);
        for (const { reject } of isAlone ? group.splice(running, 1) : group.splice(0)) reject(store.explain(error));
      }
    }
    isScheduled = waiting.length > 0;
    if (isScheduled) setImmediate(flush);
    else for (const done of idle.splice(0)) done();
  }

  return {
    write<T>(action: () => T, bytes = 0): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        let result: { readonly value: T } | undefined;
        waiting.push({
          bytes,
          run: () => void (result = { value: action() }),
          resolve: () => result && resolve(result.value),
          reject,
        });
        if (isScheduled) return;
        isScheduled = true;
        setImmediate(flush);
      });
    },
    settled: () => (isScheduled ? new Promise((resolve) => idle.push(resolve)) : Promise.resolve()),
  };
}

/** Returns how many of the waiting writes the next transaction gets. */
function groupSize(waiting: readonly Waiting[]): number {
  let bytes = 0;
  const end = waiting.findIndex((write, index) => index === GROUP || (bytes += write.bytes) > GROUP_BYTES);
  return end === -1 ? waiting.length : Math.max(1, end);
}
