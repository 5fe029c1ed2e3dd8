import type { z } from 'zod';

/** A kind of work that services hand to workers. Handling an item twice must do no harm. */
export interface WorkQueueContract<Item extends z.ZodType = z.ZodType> {
  /** `<context>.v<n>.work.<name>` */
  readonly subject: string;
  readonly item: Item;
  /** A worker that neither extends nor ends an item for so long loses it to another. */
  readonly ackWaitMs: number;
  /** After so many deliveries without an end the item goes to the dead letters. */
  readonly maxDeliveries: number;
}

export function workQueue<Item extends z.ZodType>(contract: WorkQueueContract<Item>): WorkQueueContract<Item> {
  return contract;
}
