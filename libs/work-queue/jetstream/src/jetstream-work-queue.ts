import type { JsMsg } from '@nats-io/jetstream';
import type { Clock, Logger } from '#kernel';
import {
  checkDeduplicationKey,
  encodeItem,
  handleDelivery,
  WorkQueueUnavailableError,
  type DeadLetter,
  type RawDelivery,
  type WorkQueue,
} from '#work-queue';
import type { WorkQueueContract } from '#work-queue/contract';
import { connectTo } from './connection.ts';
import { chainedId, DUE_HEADER, storeOnce, withinFiveSeconds } from './publish.ts';
import { pullOneByOne } from './pull.ts';
import { ensureQueue, namesOf, type QueueNames } from './streams.ts';

export interface JetStreamWorkQueueOptions {
  /** `nats://host:port`, several separated by commas. */
  readonly url: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** Made on the server before this settles; others are made when they are first used. */
  readonly queues?: readonly WorkQueueContract[];
}

/**
 * Work queues on NATS JetStream, 2.10 or newer. The server keeps time for leases and retries; `clock` is for time-outs
 * and for the moment at which a delayed item is due.
 * @throws WorkQueueUnavailableError, with one sentence saying what is wrong with the server
 */
export async function openJetStreamWorkQueue({
  url,
  log,
  clock,
  queues = [],
}: JetStreamWorkQueueOptions): Promise<WorkQueue> {
  const connection = await connectTo(url);
  const { nats, client, manager } = connection;
  const stops = new Set<() => Promise<void>>();
  const made = new Map<string, Promise<void>>();
  let closed = false;

  const make = (queue: WorkQueueContract): Promise<void> => {
    const making = ensureQueue(manager, queue);
    made.set(queue.subject, making);
    making.catch(() => made.delete(queue.subject));
    return making;
  };
  const ensure = (queue: WorkQueueContract): Promise<void> => made.get(queue.subject) ?? make(queue);
  const answered = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (cause) {
      throw new WorkQueueUnavailableError('The work queue is not responding.', { cause });
    }
  };
  const checkOpen = (): void => {
    if (closed) throw new WorkQueueUnavailableError('The work queue is closed.');
  };

  async function deadLetter(names: QueueNames, message: JsMsg, reason: string): Promise<void> {
    const { deliveryCount, streamSequence, timestampNanos } = message.info;
    const envelope: DeadLetter = { item: message.json(), reason, attempts: deliveryCount };
    // Recorded before the message is gone; the time tells it from one of the same number in a stream made again.
    await client.publish(names.deadSubject, JSON.stringify(envelope), { msgID: `${streamSequence}.${timestampNanos}` });
    message.term(reason);
    await nats.flush();
  }

  const rawDelivery = (names: QueueNames, message: JsMsg): RawDelivery => ({
    text: message.string(),
    attempt: message.info.deliveryCount,
    extend: () => answered(async () => message.working()),
    acknowledge: () => answered(async () => void (await message.ackAck())),
    retry: (delayMs) =>
      answered(async () => {
        message.nak(delayMs);
        await nats.flush();
      }),
    bury: (reason) => answered(() => deadLetter(names, message, reason)),
  });

  /** A delayed item that is due becomes an item to be worked on; the chain of ids keeps it one. */
  async function move(names: QueueNames, message: JsMsg): Promise<void> {
    const waitMs = Number(message.headers?.get(DUE_HEADER) ?? 0) - clock.now();
    if (waitMs > 0) return message.nak(Math.ceil(waitMs));
    const id = message.headers?.get('Nats-Msg-Id') ?? '';
    await client.publish(names.subject, message.data, { msgID: chainedId(id, message.info.streamSequence) });
    await message.ackAck();
  }

  try {
    for (const queue of queues) await answered(() => ensure(queue));
  } catch (error) {
    await nats.close();
    throw error;
  }

  return {
    async enqueue(queue, item, { deduplicationKey, delayMs = 0 }) {
      checkOpen();
      const names = namesOf(queue);
      checkDeduplicationKey(deduplicationKey);
      const text = encodeItem(item);
      const dueMs = delayMs > 0 ? clock.now() + delayMs : undefined;
      let tries = 0;
      await withinFiveSeconds(clock, async () => {
        await (tries++ === 0 ? ensure(queue) : make(queue)); // the stream may have been removed since it was made
        await storeOnce(connection, names, deduplicationKey, text, dueMs);
      });
    },

    async work(queue, handle, { concurrency }) {
      if (!Number.isInteger(concurrency) || concurrency < 1)
        throw new RangeError(`concurrency ${concurrency} is not a number of workers`);
      checkOpen();
      const names = namesOf(queue);
      await answered(() => ensure(queue));
      const tools = { clock, log, ensure: () => make(queue) };
      const workers = Array.from({ length: concurrency }, () =>
        pullOneByOne(
          connection,
          { stream: names.stream, consumer: names.worker },
          { ...tools, handle: (message) => handleDelivery(queue, rawDelivery(names, message), handle, log) },
        ),
      );
      const mover = pullOneByOne(
        connection,
        { stream: names.stream, consumer: names.mover },
        { ...tools, handle: (message) => move(names, message) },
      );
      const stop = async (): Promise<void> => {
        stops.delete(stop);
        await Promise.all([...workers, mover].map((each) => each.stop()));
        if (!nats.isClosed()) await nats.flush().catch(() => {}); // so that a pull taken back is so before a next worker asks
      };
      stops.add(stop);
      return stop;
    },

    async deadLetters(queue) {
      checkOpen();
      const { deadStream } = namesOf(queue);
      return answered(async () => {
        await ensure(queue);
        const { state } = await manager.streams.info(deadStream);
        const letters: DeadLetter[] = [];
        for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq++) {
          const message = await manager.streams.getMessage(deadStream, { seq });
          if (message) letters.push(message.json<DeadLetter>());
        }
        return letters;
      });
    },

    async depth(queue) {
      checkOpen();
      return answered(async () => {
        await ensure(queue);
        return (await manager.streams.info(namesOf(queue).stream)).state.messages;
      });
    },

    async close() {
      if (closed) return;
      closed = true;
      await Promise.all([...stops].map((stop) => stop()));
      await nats.close();
    },
  };
}
