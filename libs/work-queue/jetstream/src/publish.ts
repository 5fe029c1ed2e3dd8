import { headers } from '@nats-io/transport-node';
import { withTimeout, type Clock } from '#kernel';
import type { QueueNames } from '#nats';
import { WorkQueueUnavailableError } from '#work-queue';
import type { Connection } from './connection.ts';

const CONFIRMED_WITHIN_MS = 5000;
const TRY_MS = 1000;
const PAUSE_MS = 100;

/** Header with the time from which a delayed item may be delivered, in milliseconds since 1970. */
export const DUE_HEADER = 'Astro-Due';

/**
 * Stores one message, unless a message with its ID is stored. The server also remembers IDs of removed messages: if the
 * message of an ID was removed, the next ID of the chain (`<id>~<sequence>`) is used, which is the same for all
 * senders.
 * @throws if the server does not respond
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

/** Returns the ID of a message that follows a removed one. */
export const chainedId = (id: string, sequence: number): string => `${id.split('~')[0] ?? id}~${sequence}`;

/**
 * Retries until it succeeds.
 * @throws WorkQueueUnavailableError 5 s after the first attempt
 */
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
  await withTimeout(clock, CONFIRMED_WITHIN_MS, tries(), (): never => {
    throw unavailable();
  });
}
