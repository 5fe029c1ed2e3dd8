import type { DatabaseSync } from 'node:sqlite';

/** Writers of one tick share a transaction, and so one sync of the disk. */
export interface GroupCommit {
  /**
   * Runs `write` in the next transaction and settles when that is durable.
   * A `write` that throws leaves nothing behind and fails alone; a commit that fails fails all its writers.
   */
  write<T>(write: () => T): Promise<T>;
  /** Settles when every write asked for so far is durable or failed. */
  settled(): Promise<void>;
}

interface Waiting {
  run(): void;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

export function groupCommit(database: DatabaseSync): GroupCommit {
  let waiting: Waiting[] = [];
  let flushed: Promise<void> = Promise.resolve();

  function flush(): void {
    const batch = waiting;
    waiting = [];
    const done: Waiting[] = [];
    try {
      database.exec('BEGIN IMMEDIATE');
      for (const each of batch) {
        database.exec('SAVEPOINT one');
        try {
          each.run();
          done.push(each);
        } catch (error) {
          // A full disk may have ended the whole transaction already: then nobody's write is there any more.
          if (!database.isTransaction) throw error;
          database.exec('ROLLBACK TO one');
          each.reject(error);
        }
        database.exec('RELEASE one');
      }
      database.exec('COMMIT');
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
      for (const each of batch) each.reject(error); // those settled already take no notice
      return;
    }
    for (const each of done) each.resolve();
  }

  return {
    write<T>(write: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        let result: { readonly value: T } | undefined;
        waiting.push({
          run: () => void (result = { value: write() }),
          resolve: () => result && resolve(result.value),
          reject,
        });
        if (waiting.length > 1) return;
        flushed = new Promise((settle) => {
          setImmediate(() => {
            flush();
            settle();
          });
        });
      });
    },
    settled: () => flushed,
  };
}
