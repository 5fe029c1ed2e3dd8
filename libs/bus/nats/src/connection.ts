import type { Clock, Ids } from '#kernel';
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';

/** What client and server share. */
export interface NatsSettings {
  readonly connection: NodeConnectionOptions;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly leaseMs: number;
  readonly drainMs: number;
}

/** Header with the id of a stream; control messages name it. */
export const CALL_HEADER = 'astro-call';

/** Subject of what a reader says about its stream: `alive` renews the lease, `cancel` ends it. */
export const controlSubject = (verb: 'alive' | 'cancel', call: string): string => `_CALL.${verb}.${call}`;

/** Options for nats.js from one or several URLs. @throws Error in one sentence, without the password */
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

/** Refuses what lacks filters, metadata and reasons of JetStream. Closes the connection first. */
export async function requireVersion(connection: NatsConnection): Promise<NatsConnection> {
  const version = connection.info?.version ?? '0.0.0';
  if (isSupported(version)) return connection;
  await connection.close();
  throw new Error(`nats-server ${version} is too old: Astro Platform needs 2.10 or newer.`);
}

/** Whether a nats-server of this version has what the platform needs. */
export function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major > 2 || (major === 2 && minor >= 10);
}
