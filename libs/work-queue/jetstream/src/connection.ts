import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { connectOptions, isSupported, setupErrorOf, type NatsAddress } from '#nats';
import { WorkQueueUnavailableError } from '#work-queue';

/** Milliseconds after which a request to the server fails. */
const REQUEST_TIMEOUT_MS = 2000;

export interface Connection {
  readonly nats: NatsConnection;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
}

/**
 * @throws WorkQueueUnavailableError with one sentence if the server does not respond, is older than 2.10, or lacks
 * JetStream; NatsSetupError if the server rejects this process
 */
export async function connectTo(address: NatsAddress): Promise<Connection> {
  const options = { ...connectOptions(address), waitOnFirstConnect: false, name: 'astro work queue' };
  const nats = await connect(options).catch((cause: unknown) => {
    const away = 'The NATS server for the work queue does not respond.'; // without the address: it may contain a password
    throw setupErrorOf(cause) ?? new WorkQueueUnavailableError(away, { cause });
  });
  try {
    const version = nats.info?.version ?? 'unknown';
    if (!isSupported(version))
      throw new WorkQueueUnavailableError(
        `The NATS server for the work queue has version ${version}; work queues need 2.10 or newer.`,
      );
    const manager = await jetstreamManager(nats, { timeout: REQUEST_TIMEOUT_MS }).catch((cause: unknown) => {
      throw new WorkQueueUnavailableError(
        'The NATS server for the work queue runs without JetStream; start it with JetStream enabled (-js).',
        { cause },
      );
    });
    return { nats, manager, client: jetstream(nats, { timeout: REQUEST_TIMEOUT_MS }) };
  } catch (error) {
    await nats.close();
    throw error;
  }
}
