import type { JsMsg } from '@nats-io/jetstream';
import type { Clock, Logger } from '#kernel';
import { queueNames, type NatsAddress, type QueueNames } from '#nats';
import {
  checkDeduplicationKey,
  encodeItem,
  handleDelivery,
  WorkQueueUnavailableError,
  type DeadLetter,
  type Delivery,
  type RawDelivery,
  type WorkQueue,
} from '#work-queue';
import type { WorkQueueContract } from '#work-queue/contract';
import type { z } from 'zod';
import { connectTo, type Connection } from './connection.ts';
import { chainedId, DUE_HEADER, storeOnce, withinFiveSeconds } from './publish.ts';
import { pullOneByOne } from './pull.ts';
import { ensureQueue } from './streams.ts';

/** Maximum concurrent pull requests. The server accepts 512 for one consumer, from all processes together. */
const PULLS = 32;

export interface JetStreamWorkQueueOptions extends NatsAddress {
  readonly log: Logger;
  readonly clock: Clock;
  /**
   * Queues to create on the server before this settles. If empty, this process waits until another one has created them,
   * and does not need the permission to create any. Otherwise, and by default, missing queues are created on first use.
   */
  readonly queues?: readonly WorkQueueContract[];
}

/**
 * Opens work queues on NATS JetStream 2.10 or newer. The server times leases and retries; `clock` is used for timeouts,
 * and for the time at which a delayed item is due.
 * @throws WorkQueueUnavailableError with one sentence about the problem of the server
 */
export async function openJetStreamWorkQueue(options: JetStreamWorkQueueOptions): Promise<WorkQueue> {
  const connection = await connectTo(options);
  const made = new JetStreamWorkQueue(connection, options);
  try {
    for (const queue of options.queues ?? []) await made.prepare(queue);
  } catch (error) {
    await connection.nats.close();
    throw error;
  }
  return made;
}

class JetStreamWorkQueue implements WorkQueue {
  private readonly stops = new Set<() => Promise<void>>();
  private readonly made = new Map<string, Promise<void>>();
  private closed = false;

  constructor(
    private readonly connection: Connection,
    private readonly surroundings: Pick<JetStreamWorkQueueOptions, 'clock' | 'log' | 'queues'>,
  ) {}

  /** Creates a queue on the server if it is missing. */
  prepare(queue: WorkQueueContract): Promise<void> {
    return orUnavailable(() => this.ensure(queue));
  }

  async enqueue<Item extends z.ZodType>(
    queue: WorkQueueContract<Item>,
    item: z.infer<Item>,
    { deduplicationKey, delayMs = 0 }: { readonly deduplicationKey: string; readonly delayMs?: number },
  ): Promise<void> {
    const { clock } = this.surroundings;
    this.checkOpen();
    const names = queueNames(queue);
    checkDeduplicationKey(deduplicationKey);
    const text = encodeItem(item);
    const dueMs = delayMs > 0 ? clock.now() + delayMs : undefined;
    let tries = 0;
    await withinFiveSeconds(clock, async () => {
      // The stream may have been removed since it was created.
      await (tries++ === 0 ? this.ensure(queue) : this.make(queue));
      await storeOnce(this.connection, names, deduplicationKey, text, dueMs);
    });
  }

  async work<Item extends z.ZodType>(
    queue: WorkQueueContract<Item>,
    handle: (delivery: Delivery<z.infer<Item>>) => Promise<void>,
    { concurrency }: { readonly concurrency: number },
  ): Promise<() => Promise<void>> {
    if (!Number.isInteger(concurrency) || concurrency < 1)
      throw new RangeError(`concurrency ${concurrency} is not a number of workers`);
    this.checkOpen();
    const { clock, log } = this.surroundings;
    const { nats } = this.connection;
    const names = queueNames(queue);
    await this.prepare(queue);
    const tools = { clock, log, ensure: () => this.make(queue) };
    const pull = (consumer: string, one: (message: JsMsg) => Promise<void>) =>
      pullOneByOne(this.connection, { stream: names.stream, consumer }, { ...tools, handle: one });
    const inProgress = new Set<Promise<void>>();
    const pulls = Array.from({ length: Math.min(concurrency, PULLS) }, (_, index) => {
      // The sum over all pulls is `concurrency`.
      const slots = Math.floor((concurrency + index) / Math.min(concurrency, PULLS));
      const own = new Set<Promise<void>>();
      return pull(names.worker, async (message) => {
        const handled = handleDelivery(queue, this.rawDelivery(names, message), handle, log).then(() => {
          own.delete(handled);
          inProgress.delete(handled);
        });
        own.add(handled);
        inProgress.add(handled);
        if (own.size >= slots) await Promise.race(own);
      });
    });
    pulls.push(pull(names.mover, (message) => this.move(names, message)));
    const stop = async (): Promise<void> => {
      this.stops.delete(stop);
      await Promise.all(pulls.map((each) => each.stop()));
      await Promise.all(inProgress);
      // Sends the cancellation of pulls before the next worker starts.
      if (!nats.isClosed()) await nats.flush().catch(() => {});
    };
    this.stops.add(stop);
    return stop;
  }

  async deadLetters(queue: WorkQueueContract): Promise<readonly DeadLetter[]> {
    this.checkOpen();
    const { manager } = this.connection;
    const { deadStream } = queueNames(queue);
    return orUnavailable(async () => {
      await this.ensure(queue);
      const { state } = await manager.streams.info(deadStream);
      const letters: DeadLetter[] = [];
      for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq++) {
        const message = await manager.streams.getMessage(deadStream, { seq });
        if (message) letters.push(message.json<DeadLetter>());
      }
      return letters;
    });
  }

  async depth(queue: WorkQueueContract): Promise<number> {
    this.checkOpen();
    return orUnavailable(async () => {
      await this.ensure(queue);
      return (await this.connection.manager.streams.info(queueNames(queue).stream)).state.messages;
    });
  }

  async ping(): Promise<void> {
    this.checkOpen();
    await orUnavailable(() => this.connection.manager.getAccountInfo());
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await Promise.all([...this.stops].map((stop) => stop()));
    await this.connection.nats.close();
  }

  private make(queue: WorkQueueContract): Promise<void> {
    if (this.surroundings.queues?.length === 0) return Promise.resolve();
    const making = ensureQueue(this.connection.manager, queue);
    this.made.set(queue.subject, making);
    making.catch(() => this.made.delete(queue.subject));
    return making;
  }

  private ensure(queue: WorkQueueContract): Promise<void> {
    return this.made.get(queue.subject) ?? this.make(queue);
  }

  private checkOpen(): void {
    if (this.closed) throw new WorkQueueUnavailableError('The work queue is closed.');
  }

  private rawDelivery(names: QueueNames, message: JsMsg): RawDelivery {
    return {
      text: message.string(),
      attempt: message.info.deliveryCount,
      extend: () => orUnavailable(async () => message.working()),
      acknowledge: () => orUnavailable(async () => void (await message.ackAck())),
      retry: (delayMs) =>
        orUnavailable(async () => {
          message.nak(delayMs);
          await this.connection.nats.flush();
        }),
      bury: (reason) => orUnavailable(() => this.deadLetter(names, message, reason)),
    };
  }

  private async deadLetter(names: QueueNames, message: JsMsg, reason: string): Promise<void> {
    const { nats, client } = this.connection;
    const { deliveryCount, streamSequence, timestampNanos } = message.info;
    const envelope: DeadLetter = { item: message.json(), reason, attempts: deliveryCount };
    // Recorded before the message is removed. The time distinguishes it from a message with the same number in a
    // recreated stream.
    await client.publish(names.deadSubject, JSON.stringify(envelope), { msgID: `${streamSequence}.${timestampNanos}` });
    message.term(reason);
    await nats.flush();
  }

  /** Moves a delayed item that is due to the queue. Its chained ID prevents duplicates. */
  private async move(names: QueueNames, message: JsMsg): Promise<void> {
    const waitMs = Number(message.headers?.get(DUE_HEADER) ?? 0) - this.surroundings.clock.now();
    if (waitMs > 0) return message.nak(Math.ceil(waitMs));
    const id = message.headers?.get('Nats-Msg-Id') ?? '';
    const msgID = chainedId(id, message.info.streamSequence);
    await this.connection.client.publish(names.subject, message.data, { msgID });
    await message.ackAck();
  }
}

async function orUnavailable<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw new WorkQueueUnavailableError('The work queue is not responding.', { cause });
  }
}
