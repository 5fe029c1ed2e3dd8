import { domainError, UnavailableError, type UnavailableOptions } from '#kernel';
import type { WorkQueueContract } from '#work-queue/contract';
import type { z } from 'zod';

/** One item in a worker's hands. Exactly one of `acknowledge`, `retry`, `bury` ends it. */
export interface Delivery<Item> {
  readonly item: Item;
  /** 1 for the first. */
  readonly attempt: number;
  /** Work continues: the item stays this worker's for another `ackWaitMs`. */
  extend(): Promise<void>;
  acknowledge(): Promise<void>;
  /** Back to the queue, to be seen by a worker no sooner than in `delayMs` milliseconds. */
  retry(delayMs: number): Promise<void>;
  /** To the dead letters, with a reason for the operator. */
  bury(reason: string): Promise<void>;
}

export interface DeadLetter {
  readonly item: unknown;
  readonly reason: string;
  readonly attempts: number;
}

export interface WorkQueue {
  /**
   * Hands one piece of work to exactly one of the queue's workers, at least once.
   *
   * Resolves when the queue has stored the item, not when it is done. Two calls with the same
   * `deduplicationKey` within 2 minutes store one item, unless the first was finished between them.
   *
   * @param options.deduplicationKey the id of the event that caused the work
   * @param options.delayMs milliseconds before a worker may see the item; 0 when left out
   * @throws WorkItemTooLargeError above 900 KiB of JSON (nothing is stored), RangeError for a key that is none
   * @throws WorkQueueUnavailableError when the item was not confirmed stored within 5000 ms. The item
   *   may nevertheless be stored: call again with the same key.
   */
  enqueue<Item extends z.ZodType>(
    queue: WorkQueueContract<Item>,
    item: z.infer<Item>,
    options: { readonly deduplicationKey: string; readonly delayMs?: number },
  ): Promise<void>;

  /**
   * Lets `handle` work on items, at most `concurrency` at once, until the returned function is called; that settles
   * when the items in hand are ended. A handler that throws counts as `retry` with exponential back-off (1 s to 60 s);
   * one that returns without ending its item counts as `acknowledge`. At `maxDeliveries` the item is buried instead.
   */
  work<Item extends z.ZodType>(
    queue: WorkQueueContract<Item>,
    handle: (delivery: Delivery<z.infer<Item>>) => Promise<void>,
    options: { readonly concurrency: number },
  ): Promise<() => Promise<void>>;

  /** The newest 200, oldest first. */
  deadLetters(queue: WorkQueueContract): Promise<readonly DeadLetter[]>;
  /** Items stored and not ended, those in workers' hands included. */
  depth(queue: WorkQueueContract): Promise<number>;
  close(): Promise<void>;
}

export class WorkQueueUnavailableError extends UnavailableError<'work-queue/unavailable'> {
  readonly code = 'work-queue/unavailable';

  constructor(message: string, options: UnavailableOptions = {}) {
    super(
      message,
      domainError('work-queue/unavailable', 'unavailable', 'The work queue is not responding.', {
        fix: 'try again',
        retryAfterSeconds: 2,
      }),
      options,
    );
  }
}

export const WORK_QUEUE = Symbol('work queue');
