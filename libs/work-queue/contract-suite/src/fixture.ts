import type { WorkQueue } from '#work-queue';
import type { WorkQueueContract } from '#work-queue/contract';
import { z } from 'zod';

/** The shape of the suite's items. */
export const item = z.object({ n: z.number(), text: z.string().optional() });
export type TestQueue = WorkQueueContract<typeof item>;

/** What each part of the suite works with; `open` opens the same durable queues again. */
export interface Fixture {
  readonly jobs: () => WorkQueue;
  readonly open: () => Promise<WorkQueue>;
  readonly empty: (subject: string) => Promise<void>;
  readonly queueOf: (limits?: Partial<Pick<TestQueue, 'ackWaitMs' | 'maxDeliveries'>>) => TestQueue;
}

/** A promise that the test opens. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
