import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { WorkQueueUnavailableError } from '#work-queue';

const OLDEST = { major: 2, minor: 10 };
/** Milliseconds after which a request to the server fails. */
const REQUEST_TIMEOUT_MS = 2000;

export interface Connection {
  readonly nats: NatsConnection;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
}

/**
 * @throws WorkQueueUnavailableError with one sentence if the server does not respond, is older than 2.10, or lacks
 * JetStream
 */
export async function connectTo(url: string): Promise<Connection> {
  const nats = await connect({
    servers: url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    name: 'astro work queue',
  }).catch((cause: unknown) => {
    // The address may contain a password.
    throw new WorkQueueUnavailableError('The NATS server for the work queue does not respond.', { cause });
  });
  try {
    const version = nats.info?.version ?? 'unknown';
    if (!isRecent(version))
      throw new WorkQueueUnavailableError(
        `The NATS server for the work queue has version ${version}; work queues need ${OLDEST.major}.${OLDEST.minor} or newer.`,
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

/** Returns whether a version supports several filters for each stream, and reasons of a termination. */
export function isRecent(version: string): boolean {
  const [major = Number.NaN, minor = Number.NaN] = version.split('.').map(Number);
  return major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor);
}
