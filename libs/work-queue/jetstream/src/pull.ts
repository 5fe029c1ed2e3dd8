import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { pause, type Clock, type Logger } from '#kernel';
import type { Connection } from './connection.ts';

const EXPIRES_MS = 10_000;
/** Milliseconds after its expiry at which a pull counts as lost with its connection. */
const OVERDUE_MS = 5000;
const PAUSE_MS = 250;

export interface Puller {
  /** Stops pulling. Settles when the current message is handled. */
  stop(): Promise<void>;
}

/**
 * Pulls one message at a time, and the next one when it is handled, so that no messages wait in this process while
 * other workers are idle. When stopped, it cancels its request at the server.
 * @param ensure creates the consumer again if it is missing
 */
export function pullOneByOne(
  { client }: Connection,
  source: { readonly stream: string; readonly consumer: string },
  tools: {
    readonly clock: Clock;
    readonly log: Logger;
    ensure(): Promise<void>;
    handle(message: JsMsg): Promise<void>;
  },
): Puller {
  const { clock, log, ensure, handle } = tools;
  const stopping = new AbortController();
  let pending: ConsumerMessages | undefined;

  async function pullOne(): Promise<void> {
    const consumer = await client.consumers.get(source.stream, source.consumer);
    const messages = await consumer.fetch({ max_messages: 1, expires: EXPIRES_MS });
    pending = messages;
    if (stopping.signal.aborted) void messages.close(); // settles only when its messages are read, below
    const overdue = clock.timer(EXPIRES_MS + OVERDUE_MS, () => void messages.close());
    try {
      for await (const message of messages) {
        overdue.cancel();
        pending = undefined;
        if (stopping.signal.aborted) message.nak();
        else await handle(message);
      }
    } finally {
      overdue.cancel();
      pending = undefined;
    }
  }

  async function loop(): Promise<void> {
    let outage = false;
    while (!stopping.signal.aborted) {
      try {
        await pullOne();
        outage = false;
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (!outage)
          log.warn({ stream: source.stream, error: String(error) }, 'the work queue is not responding; retrying');
        outage = true;
        await pause(clock, PAUSE_MS, stopping.signal);
        await ensure().catch(() => {}); // a failure also fails the next pull, which is logged above
      }
    }
  }

  const ended = loop();
  return {
    async stop() {
      stopping.abort();
      void pending?.close();
      await ended;
    },
  };
}
