import { countBefore } from './sorted.ts';
import type { Change } from './store.ts';

/** Changes of one resource that a watch may go back to, at least, as long as they are not too large together. */
const LEAST = 2_000;
/** Bytes of objects that the logs of all resources keep. */
const MOST_BYTES = 32 * 1024 * 1024;

interface Log {
  readonly changes: Change[];
  /** Bytes of the object of each change. */
  readonly lengths: number[];
  bytes: number;
  /** Watches from before this revision are too old. */
  floor: number;
}

/** What has changed lately, by resource. @param start the revision before which nothing is known */
export function watchLog(start: number) {
  const logs = new Map<string, Log>();
  let base = start;
  let bytes = 0;

  /** Forgets the oldest changes but `kept`. */
  function cut(log: Log, kept: number): void {
    const gone = log.changes.splice(0, log.changes.length - kept);
    const length = log.lengths.splice(0, log.lengths.length - kept).reduce((sum, each) => sum + each, 0);
    log.floor = gone.at(-1)?.revision ?? log.floor;
    log.bytes -= length;
    bytes -= length;
  }

  return {
    /** @param length bytes of the object as JSON */
    add(change: Change, length: number): void {
      const { resource } = change.key;
      const log = logs.get(resource) ?? { changes: [], lengths: [], bytes: 0, floor: base };
      logs.set(resource, log);
      log.changes.push(change);
      log.lengths.push(length);
      log.bytes += length;
      bytes += length;
      if (log.changes.length > LEAST * 2) cut(log, LEAST);
      while (bytes > MOST_BYTES) {
        const largest = [...logs.values()].reduce((most, each) => (each.bytes > most.bytes ? each : most));
        cut(largest, largest.changes.length >> 1);
      }
    },
    /** Changes after a revision, oldest first; `expired` when the log does not reach back to it. */
    since(resource: string, after: number): readonly Change[] | 'expired' {
      const log = logs.get(resource);
      if (after < (log?.floor ?? base)) return 'expired';
      const changes = log?.changes ?? [];
      return changes.slice(countBefore(changes, ({ revision }) => revision <= after));
    },
    /** Forgets everything up to a revision. */
    forget(revision: number): void {
      logs.clear();
      bytes = 0;
      base = revision;
    },
  };
}
