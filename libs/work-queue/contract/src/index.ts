import type { z } from 'zod';

/** A kind of work that services enqueue for workers. Handling an item twice must be safe. */
export interface WorkQueueContract<Item extends z.ZodType = z.ZodType> {
  /** `<context>.v<n>.work.<name>`: the context enqueues. */
  readonly subject: string;
  /** Services that process the items. */
  readonly workers?: readonly string[];
  readonly item: Item;
  /** Milliseconds after which an item that its worker neither extends nor completes is delivered to another worker. */
  readonly ackWaitMs: number;
  /** Number of deliveries after which an item is moved to the dead letters. */
  readonly maxDeliveries: number;
}

export function workQueue<Item extends z.ZodType>(contract: WorkQueueContract<Item>): WorkQueueContract<Item> {
  return contract;
}
