import {
  AckPolicy,
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type ConsumerConfig,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { queueNames } from '#nats';
import { DEAD_LETTERS_KEPT } from '#work-queue';
import type { WorkQueueContract } from '#work-queue/contract';

/** The server's error codes for a stream or a consumer that exists with another configuration. */
const STREAM_EXISTS = 10058;
const CONSUMER_EXISTS = 10148;
/** Time for which the server remembers message IDs. A message that is stored for longer may be stored twice. */
const DEDUPLICATION_MS = 3_600_000;
/** Milliseconds for moving a delayed item that is due, which takes two messages. */
const MOVER_ACK_WAIT_MS = 30_000;

/** Creates or updates the streams and consumers of one queue. Idempotent, even for concurrent processes. */
export async function ensureQueue(manager: JetStreamManager, queue: WorkQueueContract): Promise<void> {
  const names = queueNames(queue);
  await ensureStream(manager, {
    name: names.stream,
    subjects: [names.subject, names.delayedSubject],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    duplicate_window: nanos(DEDUPLICATION_MS),
  });
  await ensureStream(manager, {
    name: names.deadStream,
    subjects: [names.deadSubject],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    storage: StorageType.File,
    max_msgs: DEAD_LETTERS_KEPT,
    duplicate_window: nanos(DEDUPLICATION_MS),
  });
  // The worker counts deliveries and records a dead letter first: with a limit on the server, the message would stay in
  // the stream forever. Items returned with a delay count as pending, so their number is unlimited too.
  const consumer = { ack_policy: AckPolicy.Explicit, max_deliver: -1, max_ack_pending: -1 };
  await ensureConsumer(manager, names.stream, {
    ...consumer,
    durable_name: names.worker,
    filter_subject: names.subject,
    ack_wait: nanos(queue.ackWaitMs),
  });
  await ensureConsumer(manager, names.stream, {
    ...consumer,
    durable_name: names.mover,
    filter_subject: names.delayedSubject,
    ack_wait: nanos(MOVER_ACK_WAIT_MS),
  });
}

async function ensureConsumer(
  manager: JetStreamManager,
  stream: string,
  settings: Partial<ConsumerConfig> & { readonly durable_name: string },
): Promise<void> {
  try {
    await manager.consumers.add(stream, settings);
  } catch (error) {
    if (!isRefusal(error, CONSUMER_EXISTS)) throw error;
    await manager.consumers.update(stream, settings.durable_name, settings);
  }
}

type StreamSettings = Parameters<JetStreamManager['streams']['add']>[0];

async function ensureStream(manager: JetStreamManager, settings: StreamSettings): Promise<void> {
  try {
    await manager.streams.add(settings);
  } catch (error) {
    if (!isRefusal(error, STREAM_EXISTS)) throw error;
    const { name, ...changeable } = settings; // retention and storage never change
    await manager.streams.update(name, changeable);
  }
}

const isRefusal = (error: unknown, code: number): boolean => error instanceof JetStreamApiError && error.code === code;
