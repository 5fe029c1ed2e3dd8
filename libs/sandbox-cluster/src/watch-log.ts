import { countBefore } from './sorted.ts';
import type { Change } from './store.ts';

/** Minimum number of changes of one resource that a watch may go back, unless MOST_BYTES is exceeded. */
const LEAST = 2_000;
/** Maximum bytes of the objects in the logs of all resources. */
const MOST_BYTES = 32 * 1024 * 1024;

interface Log {
  readonly changes: Change[];
  /** Size of each change's object in bytes. */
  readonly lengths: number[];
  bytes: number;
  /** Watches from a revision before this one are expired. */
  floor: number;
}

/**
 * Keeps recent changes by resource.
 * @param start revision before which no changes are available
 */
export function watchLog(start: number) {
  const logs = new Map<string, Log>();
  let base = start;
  let bytes = 0;

  /** Drops all but the latest `kept` changes. */
  function cut(log: Log, kept: number): void {
    const gone = log.changes.splice(0, log.changes.length - kept);
    const length = log.lengths.splice(0, log.lengths.length - kept).reduce((sum, each) => sum + each, 0);
    log.floor = gone.at(-1)?.revision ?? log.floor;
    log.bytes -= length;
    bytes -= length;
  }

  return {
    /** @param length size of the object in bytes of JSON */
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
    /** Returns the changes after a revision, oldest first; `expired` if the log no longer contains them. */
    since(resource: string, after: number): readonly Change[] | 'expired' {
      const log = logs.get(resource);
      if (after < (log?.floor ?? base)) return 'expired';
      const changes = log?.changes ?? [];
      return changes.slice(countBefore(changes, ({ revision }) => revision <= after));
    },
    /** Drops all changes up to a revision. */
    forget(revision: number): void {
      logs.clear();
      bytes = 0;
      base = revision;
    },
  };
}
