import type { SqliteStore } from './open-sqlite.ts';
import { isFailureOfStore } from './sqlite-failure.ts';

/** Writers of one turn of the event loop share a transaction, and so one sync of the disk. */
export interface GroupCommit {
  /**
   * Runs `action` in the next transaction and settles when that is committed. An action that throws leaves nothing behind and
   * fails alone: the others of its group are run again without it. A disk or file that fails, fails all of the group.
   */
  write<T>(action: () => T): Promise<T>;
  /** Settles when every write asked for so far is committed or failed. */
  settled(): Promise<void>;
}

export interface GroupCommitOptions {
  /** Runs first in each transaction. */
  readonly begun?: () => void;
  /** Runs after each commit, before the writers hear of it. */
  readonly committed?: () => void;
  /** Runs after each transaction that was given up: what an action has remembered about the file no longer holds. */
  readonly rolledBack?: () => void;
}

interface Waiting {
  run(): void;
  resolve(): void;
  reject(reason: unknown): void;
}

/** Writes of one transaction: keeps the event loop free between two of them. */
const GROUP = 1024;

const nothing = (): void => {};

export function createGroupCommit(
  store: SqliteStore,
  { begun = nothing, committed = nothing, rolledBack = nothing }: GroupCommitOptions = {},
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
          begun();
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
