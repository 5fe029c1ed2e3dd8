import { domainError, UnavailableError, type UnavailableOptions } from '#kernel';
import type { WorkQueueContract } from '#work-queue/contract';
import type { z } from 'zod';

/** An item delivered to a worker. Exactly one of `acknowledge`, `retry`, and `bury` completes it. */
export interface Delivery<Item> {
  readonly item: Item;
  /** 1 for the first delivery. */
  readonly attempt: number;
  /** Extends the lease by `ackWaitMs` while work continues. */
  extend(): Promise<void>;
  acknowledge(): Promise<void>;
  /** Returns the item to the queue. It is delivered again after `delayMs` milliseconds at the earliest. */
  retry(delayMs: number): Promise<void>;
  /** Moves the item to the dead letters, with a reason for the operator. */
  bury(reason: string): Promise<void>;
}

export interface DeadLetter {
  readonly item: unknown;
  readonly reason: string;
  readonly attempts: number;
}

export interface WorkQueue {
  /**
   * Enqueues an item, which is delivered to one of the queue's workers at least once.
   *
   * Resolves when the item is stored, not when it is completed. Two calls with the same `deduplicationKey` within 2
   * minutes store one item, unless the first one was completed in between.
   *
   * @param options.deduplicationKey ID of the event that caused the work
   * @param options.delayMs milliseconds before the item may be delivered; 0 by default
   * @throws WorkItemTooLargeError above 900 KiB of JSON (nothing is stored), RangeError for an invalid key
   * @throws WorkQueueUnavailableError if the item was not confirmed as stored within 5000 ms. It may be stored
   * nevertheless: call again with the same key.
   */
  enqueue<Item extends z.ZodType>(
    queue: WorkQueueContract<Item>,
    item: z.infer<Item>,
    options: { readonly deduplicationKey: string; readonly delayMs?: number },
  ): Promise<void>;

  /**
   * Calls `handle` for items, at most `concurrency` at a time, until the returned function is called, which resolves
   * when the items in progress are completed. If a handler throws, the item is retried with exponential back-off (1 s
   * to 60 s); if it returns without completing its item, the item is acknowledged. After `maxDeliveries`, the item is
   * buried instead.
   */
  work<Item extends z.ZodType>(
    queue: WorkQueueContract<Item>,
    handle: (delivery: Delivery<z.infer<Item>>) => Promise<void>,
    options: { readonly concurrency: number },
  ): Promise<() => Promise<void>>;

  /** Returns the latest 200 dead letters, oldest first. */
  deadLetters(queue: WorkQueueContract): Promise<readonly DeadLetter[]>;
  /** Returns the number of items that are not completed, including those in progress. */
  depth(queue: WorkQueueContract): Promise<number>;
  /** Settles when the engine answers. @throws WorkQueueUnavailableError */
  ping(): Promise<void>;
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
