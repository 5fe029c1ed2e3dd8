import type { Clock, Ids, Logger, Timer } from '#kernel';
import {
  checkDeduplicationKey,
  checkSubject,
  encodeItem,
  handleDelivery,
  WorkQueueUnavailableError,
  type RawDelivery,
  type WorkQueue,
} from '#work-queue';
import type { WorkQueueContract } from '#work-queue/contract';
import type { SqliteStore } from '#sqlite';
import { openDatabase } from './database.ts';
import { itemTable, type TakenItem } from './item-table.ts';

/** Milliseconds between checks of an idle worker for due items and for those that another process enqueued. */
const POLL_MS = 50;

export interface EmbeddedWorkQueueOptions {
  /** Folder of the file `work-queue.sqlite`. Created if missing. Several processes of one host may share it. */
  readonly folder: string;
  /** Its wall clock, which all processes share, determines leases and delays. */
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /**
   * Whether no other process uses the folder. The leases in it then belong to a former worker, and its items are due
   * immediately.
   */
  readonly alone?: boolean;
}

/**
 * Opens a work queue in one SQLite file.
 * @throws WorkQueueDamagedError, WorkQueueUnavailableError
 */
export async function openEmbeddedWorkQueue(options: EmbeddedWorkQueueOptions): Promise<WorkQueue> {
  const file = openDatabase(options.folder, options.log);
  options.log.debug({ file: file.path }, 'work queue opened');
  return workQueueOver(file, options);
}

/** Returns the work queue of an open file. Closing it closes the file. */
export function workQueueOver(
  file: SqliteStore,
  { clock, log, alone = false }: Pick<EmbeddedWorkQueueOptions, 'clock' | 'log' | 'alone'>,
): WorkQueue {
  const items = itemTable(file);
  if (alone) file.run(() => items.endLeases(clock.now()));
  /** Functions that notify this process's workers of a queue. Workers of other processes poll. */
  const wakers = new Map<string, Set<() => void>>();
  const stops = new Set<() => Promise<void>>();
  let closed = false;

  const run = async <T>(action: () => T): Promise<T> => file.run(action);
  const wake = (queue: string): void => wakers.get(queue)?.forEach((waker) => waker());

  const rawDelivery = ({ subject, ackWaitMs }: WorkQueueContract, taken: TakenItem): RawDelivery => ({
    text: taken.text,
    attempt: taken.attempt,
    extend: () => run(() => items.delay(taken, clock.now() + ackWaitMs)),
    acknowledge: () => run(() => items.remove(taken)),
    retry: (delayMs) => run(() => items.delay(taken, clock.now() + delayMs)),
    bury: (reason) => run(() => items.bury(subject, taken, reason)),
  });

  return {
    enqueue: async (queue, item, { deduplicationKey, delayMs = 0 }) => {
      checkSubject(queue.subject);
      checkDeduplicationKey(deduplicationKey);
      const text = encodeItem(item);
      file.run(() => items.add(queue.subject, deduplicationKey, text, clock.now() + delayMs));
      wake(queue.subject);
    },

    work: async (queue, handle, { concurrency }) => {
      checkSubject(queue.subject);
      if (!Number.isInteger(concurrency) || concurrency < 1)
        throw new RangeError(`concurrency ${concurrency} is not a number of workers`);
      if (closed) throw new WorkQueueUnavailableError('The work queue is closed.');
      const inProgress = new Set<Promise<void>>();
      let stopped = false;
      let timer: Timer | undefined;
      let outage = false;

      const takeAll = (): void => {
        timer?.cancel();
        if (stopped) return;
        try {
          while (inProgress.size < concurrency) {
            const taken = file.run(() => items.take(queue.subject, clock.now(), clock.now() + queue.ackWaitMs));
            if (!taken) break;
            const handled = handleDelivery(queue, rawDelivery(queue, taken), handle, log).then(() => {
              inProgress.delete(handled);
              takeAll();
            });
            inProgress.add(handled);
          }
          outage = false;
        } catch (error) {
          if (!outage)
            log.error({ queue: queue.subject, error: String(error) }, 'the work queue is not responding; retrying');
          outage = true;
        }
        timer = clock.timer(POLL_MS, takeAll);
      };

      const waking = wakers.get(queue.subject) ?? new Set();
      wakers.set(queue.subject, waking.add(takeAll));
      const stop = async (): Promise<void> => {
        stopped = true;
        timer?.cancel();
        waking.delete(takeAll);
        stops.delete(stop);
        await Promise.all(inProgress);
      };
      stops.add(stop);
      takeAll();
      return stop;
    },

    deadLetters: ({ subject }) => run(() => items.deadLetters(subject)),
    depth: ({ subject }) => run(() => items.count(subject)),
    ping: () => run(() => void items.count('')),

    async close() {
      closed = true;
      await Promise.all([...stops].map((stop) => stop()));
      file.close();
    },
  };
}
