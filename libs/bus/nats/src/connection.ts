import type { Clock, Ids } from '#kernel';
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';

/** Settings that client and server share. */
export interface NatsSettings {
  readonly connection: NodeConnectionOptions;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly leaseMs: number;
  readonly drainMs: number;
}

/** Header with the ID of a stream, to which control messages refer. */
export const CALL_HEADER = 'astro-call';

/** Returns the subject of a reader's control messages: `alive` renews the lease of a stream, `cancel` ends it. */
export const controlSubject = (verb: 'alive' | 'cancel', call: string): string => `_CALL.${verb}.${call}`;

/**
 * Returns the options of nats.js for one or several URLs.
 *
 * @throws Error with one sentence, without the password
 */
export function connectOptions(url: string): NodeConnectionOptions {
  const addresses = url.split(',').map((part) => parsed(part.trim()));
  const [first] = addresses;
  if (!first) throw new Error('The NATS address is empty.');
  return {
    servers: addresses.map(({ host }) => host),
    ...(first.username !== '' &&
      first.password !== '' && { user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) }),
    ...(first.username !== '' && first.password === '' && { token: decodeURIComponent(first.username) }),
    ...(first.protocol === 'tls:' && { tls: {} }),
    name: 'astro',
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
  };
}

function parsed(text: string): URL {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'nats:' && url.protocol !== 'tls:') || url.hostname === '') {
    throw new Error('The NATS address is not of the form nats://host:port.');
  }
  return url;
}

/** Rejects a version that lacks the filters, metadata, and reasons of JetStream. Closes the connection first. */
export async function requireVersion(connection: NatsConnection): Promise<NatsConnection> {
  const version = connection.info?.version ?? '0.0.0';
  if (isSupported(version)) return connection;
  await connection.close();
  throw new Error(`nats-server ${version} is too old: Astro Platform needs 2.10 or newer.`);
}

/** Returns whether a nats-server of this version is supported. */
export function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major > 2 || (major === 2 && minor >= 10);
}
