import type { Clock, Ids } from '#kernel';
import { isSupported } from '#nats';
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';

/** Settings that client and server share. */
export interface NatsSettings {
  readonly connection: NodeConnectionOptions;
  /** Name of this process in the subjects of streams that it reads. */
  readonly service: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly leaseMs: number;
  readonly drainMs: number;
}

/**
 * Heartbeats that each end of a stream sends during a lease. After as many of its own heartbeats without one of the other
 * end, the stream ends. Heartbeats are counted, because the messages of a busy process wait while its timers are late.
 */
export const TICKS_PER_LEASE = 3;

/** Header with the ID of a stream, to which control messages refer. */
export const CALL_HEADER = 'astro-call';

/** Rejects a version that lacks the filters, metadata, and reasons of JetStream. Closes the connection first. */
export async function requireVersion(connection: NatsConnection): Promise<NatsConnection> {
  const version = connection.info?.version ?? '0.0.0';
  if (isSupported(version)) return connection;
  await connection.close();
  throw new Error(`nats-server ${version} is too old: Astro Platform needs 2.10 or newer.`);
}
