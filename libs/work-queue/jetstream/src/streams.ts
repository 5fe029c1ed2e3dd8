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
import { checkSubject, DEAD_LETTERS_KEPT } from '#work-queue';
import type { WorkQueueContract } from '#work-queue/contract';

/** The server's codes for a stream and a consumer that stand there with another configuration. */
const STREAM_EXISTS = 10058;
const CONSUMER_EXISTS = 10148;
/** Window in which the server remembers a message's id; a message still stored longer than that may be stored twice. */
const DEDUPLICATION_MS = 3_600_000;
/** Moving a delayed item that is due takes two messages. */
const MOVER_ACK_WAIT_MS = 30_000;

/** Names on the server of one queue: a work-queue stream with two durables, and a stream of dead letters. */
export interface QueueNames {
  readonly stream: string;
  readonly subject: string;
  /** Items that are to be seen later; a worker moves them to `subject` when they are due. */
  readonly delayedSubject: string;
  readonly worker: string;
  readonly mover: string;
  readonly deadStream: string;
  readonly deadSubject: string;
}

/** @throws RangeError for a subject that is none */
export function namesOf({ subject }: Pick<WorkQueueContract, 'subject'>): QueueNames {
  checkSubject(subject);
  const stream = `WORK_${subject.replaceAll('.', '_')}`; // subjects hold no underscore: no two share a name
  return {
    stream,
    subject,
    delayedSubject: `${subject}.DELAYED`,
    worker: 'worker',
    mover: 'mover',
    deadStream: `DEAD_${stream}`,
    deadSubject: `${subject}.DEAD`,
  };
}

/** Makes or updates what one queue needs on the server; repeatable, by several processes at once. */
export async function ensureQueue(manager: JetStreamManager, queue: WorkQueueContract): Promise<void> {
  const names = namesOf(queue);
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
  // Deliveries are counted by the worker, which records a dead letter first: at a limit of the server's own the message
  // would stay in the stream forever. Items given back with a delay count as pending, so that has no limit either.
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
    const { name, ...changeable } = settings; // retention and storage are fixed and never differ
    await manager.streams.update(name, changeable);
  }
}

const isRefusal = (error: unknown, code: number): boolean => error instanceof JetStreamApiError && error.code === code;
