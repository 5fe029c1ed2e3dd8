import type { SqliteStore } from './open-sqlite.ts';
import { isFailureOfStore } from './sqlite-failure.ts';

/** Commits all writes of one turn of the event loop in one transaction, and therefore with one disk sync. */
export interface GroupCommit {
  /**
   * Runs `action` in the next transaction and settles after its commit. If an action throws, it alone rejects: the
   * transaction is rolled back, and the other actions run again without it. If the disk or the file fails, all actions
   * reject.
   */
  write<T>(action: () => T): Promise<T>;
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
  run(): void;
  resolve(): void;
  reject(reason: unknown): void;
}

/** Maximum writes in one transaction. The event loop runs between two of them. */
const GROUP = 1024;

const nothing = (): void => {};

export function createGroupCommit(
  store: SqliteStore,
  { onBegin = nothing, committed = nothing, rolledBack = nothing }: GroupCommitOptions = {},
): GroupCommit {
  const waiting: Waiting[] = [];
  let isScheduled = false;
  const idle: (() => void)[] = [];

  function flush(): void {
    const group = waiting.splice(0, GROUP);
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
    write<T>(action: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        let result: { readonly value: T } | undefined;
        waiting.push({
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
