import type { WorkQueue } from '#work-queue';
import type { WorkQueueContract } from '#work-queue/contract';
import { z } from 'zod';

/** Schema of the suite's items. */
export const item = z.object({ n: z.number(), text: z.string().optional() });
export type TestQueue = WorkQueueContract<typeof item>;

/** Fixture of all parts of the suite. `open` opens the same durable queues again. */
export interface Fixture {
  readonly jobs: () => WorkQueue;
  readonly open: () => Promise<WorkQueue>;
  readonly empty: (subject: string) => Promise<void>;
  readonly queueOf: (limits?: Partial<Pick<TestQueue, 'ackWaitMs' | 'maxDeliveries'>>) => TestQueue;
}

/** Returns a promise and the function that resolves it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
