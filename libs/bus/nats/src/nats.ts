import type { BusTransport } from '#bus';
import type { Clock, Ids } from '#kernel';
import { loadPackage } from '@nestjs/common/internal';
import { connectOptions } from './connection.ts';
import { NatsClient } from './nats-client.ts';
import { NatsServer } from './nats-server.ts';

export interface NatsOptions {
  /** `nats://[user:password@]host:port` or `tls://…`; several, separated by commas, are one cluster. */
  readonly url: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** A stream whose reader, or whose server, was not heard of for so long is over. 3,000 ms when left out. */
  readonly leaseMs?: number;
  /** How long closing a server waits for the answers it owes. 10,000 ms when left out. */
  readonly drainMs?: number;
}

/**
 * The bus over NATS; needs nats-server 2.10 or newer, and an older one is refused in one sentence. Connecting waits for
 * a server that is not there yet, and a lost connection comes back by itself.
 */
export async function natsTransport(options: NatsOptions): Promise<BusTransport> {
  // Nest's client asks for the package through require, which is not there in a bundle: put it into Nest's cache first.
  await loadPackage('@nats-io/transport-node', 'bus', () => import('@nats-io/transport-node'));
  const settings = {
    connection: connectOptions(options.url),
    clock: options.clock,
    ids: options.ids,
    leaseMs: options.leaseMs ?? 3_000,
    drainMs: options.drainMs ?? 10_000,
  };
  const client = new NatsClient(settings);
  return {
    name: 'nats',
    isLocal: false,
    exchange: (subject, message, receive) => client.exchange(subject, message, receive),
    server: () => new NatsServer(settings),
    connect: async () => {
      await client.connect();
    },
    connected: () => client.isConnected,
    close: () => client.close(),
  };
}
