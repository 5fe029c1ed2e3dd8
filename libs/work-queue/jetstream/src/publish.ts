import { headers } from '@nats-io/transport-node';
import type { Clock } from '#kernel';
import { WorkQueueUnavailableError } from '#work-queue';
import type { Connection } from './connection.ts';
import type { QueueNames } from './streams.ts';

const CONFIRMED_WITHIN_MS = 5000;
const TRY_MS = 1000;
const PAUSE_MS = 100;

/** Milliseconds since 1970 before which a delayed item is not to be seen. */
export const DUE_HEADER = 'Astro-Due';

/**
 * Stores one message, unless one with its id is stored and not ended. The server remembers ids of messages that have
 * ended, too: where the message after an id is gone, the next id of the chain (`<id>~<sequence>`) is used, and all who
 * do the same meet there.
 * @throws when the server does not answer
 */
export async function storeOnce(
  { client, manager }: Connection,
  names: QueueNames,
  key: string,
  text: string | Uint8Array,
  dueMs?: number,
): Promise<void> {
  const subject = dueMs === undefined ? names.subject : names.delayedSubject;
  for (let id = key; ;) {
    const head = headers();
    if (dueMs !== undefined) head.set(DUE_HEADER, String(dueMs));
    const stored = await client.publish(subject, text, { msgID: id, timeout: TRY_MS, headers: head });
    if (!stored.duplicate || (await manager.streams.getMessage(names.stream, { seq: stored.seq })) !== null) return;
    id = chainedId(id, stored.seq);
  }
}

/** The id under which a message follows another that is gone. */
export const chainedId = (id: string, sequence: number): string => `${id.split('~')[0] ?? id}~${sequence}`;

/** Tries until it succeeds. @throws WorkQueueUnavailableError 5 s after the first try */
export async function withinFiveSeconds(clock: Clock, attempt: () => Promise<void>): Promise<void> {
  const end = clock.monotonic() + CONFIRMED_WITHIN_MS;
  const unavailable = (cause?: unknown) =>
    new WorkQueueUnavailableError(
      'The work queue has not confirmed an item within 5 seconds; it may be stored nevertheless.',
      { cause },
    );
  const tries = async (): Promise<void> => {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (clock.monotonic() + PAUSE_MS >= end) throw unavailable(error);
        await new Promise<void>((resolve) => void clock.timer(PAUSE_MS, resolve));
      }
    }
  };
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = clock.timer(CONFIRMED_WITHIN_MS, () => reject(unavailable()));
  try {
    await Promise.race([tries(), late]);
  } finally {
    timer.cancel();
  }
}
