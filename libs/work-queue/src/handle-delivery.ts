import { backOffMs, type Logger } from '#kernel';
import type { WorkQueueContract } from '#work-queue/contract';
import type { z } from 'zod';
import { shortReason } from './limits.ts';
import type { Delivery } from './work-queue.ts';

/** A delivered item, with the operations of its engine. */
export interface RawDelivery {
  /** JSON of the item. */
  readonly text: string;
  /** 1 for the first delivery; above `maxDeliveries` if all earlier workers were lost. */
  readonly attempt: number;
  extend(): Promise<void>;
  acknowledge(): Promise<void>;
  retry(delayMs: number): Promise<void>;
  bury(reason: string): Promise<void>;
}

/** Back-off after a failed delivery. */
const BACK_OFF = { firstMs: 1_000, mostMs: 60_000 };

/**
 * Passes one delivery to a handler and completes it, by the rules of every engine. Never throws; if the engine does not
 * respond, the item is redelivered.
 */
export async function handleDelivery<Item extends z.ZodType>(
  queue: WorkQueueContract<Item>,
  raw: RawDelivery,
  handle: (delivery: Delivery<z.infer<Item>>) => Promise<void>,
  log: Logger,
): Promise<void> {
  const { attempt } = raw;
  const about = { queue: queue.subject, attempt };
  let ended = false;
  const ending = async (end: () => Promise<void>): Promise<void> => {
    if (ended) throw new Error(`an item of ${queue.subject} was ended twice`);
    ended = true;
    await end();
  };
  const bury = async (reason: string): Promise<void> => {
    await raw.bury(shortReason(reason));
    log.warn({ ...about, reason: shortReason(reason) }, 'a work item was moved to the dead letters');
  };
  const retry = (delayMs: number, reason: string): Promise<void> =>
    attempt >= queue.maxDeliveries ? bury(reason) : raw.retry(delayMs);

  try {
    if (attempt > queue.maxDeliveries)
      return await ending(() =>
        bury(`delivered ${queue.maxDeliveries} times without completing: its workers were lost`),
      );
    try {
      // A worker of an older release may not know the item's schema. It then fails like a handler, and a newer worker
      // may succeed.
      const item = queue.item.parse(JSON.parse(raw.text));
      await handle({
        item,
        attempt,
        extend: () => raw.extend(),
        acknowledge: () => ending(() => raw.acknowledge()),
        retry: (delayMs) => ending(() => retry(delayMs, 'the worker returned it at its last delivery')),
        bury: (reason) => ending(() => bury(reason)),
      });
    } catch (error) {
      const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      if (ended) return log.error({ ...about, error: message }, 'a worker failed after it had completed its item');
      log.warn({ ...about, error: message }, 'a worker failed');
      return await ending(() => retry(backOffMs(BACK_OFF, attempt), message));
    }
    if (!ended) await ending(() => raw.acknowledge());
  } catch (error) {
    log.error({ ...about, error: String(error) }, 'a work item could not be completed and will be redelivered');
  }
}
