import { pause, type Clock, type Logger } from '#kernel';
import type { ReadStore } from '#read-store';
import { takeLease } from './lease.ts';
import type { Sweep } from './service.ts';

export interface SweepsOptions {
  readonly readStore: ReadStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly owner: string;
  /** Resolves when the projections have caught up with the current head. The first sweep waits for it. */
  readonly whenLevel: () => Promise<void>;
}

/** Milliseconds until a process checks again whether another one has finished its sweep. */
const POLL_MS = 1_000;

/**
 * Runs sweeps until `close`: at startup, then `everyMs` after the end of the last run, and never two of one name at a
 * time.
 */
export function startSweeps(sweeps: readonly Sweep[], options: SweepsOptions): { close(): Promise<void> } {
  const stop = new AbortController();
  const running = sweeps.map((sweep) => runSweep(sweep, options, stop.signal));
  return {
    async close() {
      stop.abort();
      await Promise.all(running);
    },
  };
}

async function runSweep(
  sweep: Sweep,
  { readStore, clock, log, owner, whenLevel }: SweepsOptions,
  signal: AbortSignal,
): Promise<void> {
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  let isLevel = false;
  while (!signal.aborted) {
    let waitMs = POLL_MS;
    try {
      if (!isLevel) {
        await Promise.race([whenLevel(), stopped]);
        isLevel = true;
        if (signal.aborted) return;
      }
      const run = new AbortController();
      const end = () => run.abort();
      const lease = await takeLease(readStore, clock, `sweep.${sweep.name}`, owner, end);
      if (lease) {
        signal.addEventListener('abort', end, { once: true });
        waitMs = sweep.everyMs;
        try {
          await sweep.run(run.signal);
        } finally {
          signal.removeEventListener('abort', end);
          await lease.release();
        }
      }
    } catch (error) {
      log.warn(
        { sweep: sweep.name, cause: error instanceof Error ? error.name : String(error) },
        'a sweep failed and is retried',
      );
    }
    await pause(clock, waitMs, signal);
  }
}
