import type { BusTransport } from '#bus';
import type { Clock, Ids } from '#kernel';
import { connectOptions, setupErrorOf, type NatsAddress } from '#nats';
import { connect, type NodeConnectionOptions } from '@nats-io/transport-node';
import { loadPackage } from '@nestjs/common/internal';
import { NatsClient } from './nats-client.ts';
import { NatsServer } from './nats-server.ts';

export interface NatsOptions extends NatsAddress {
  readonly clock: Clock;
  readonly ids: Ids;
  /** Milliseconds after which a stream ends if its reader or server has sent no heartbeat. Default: 3,000. */
  readonly leaseMs?: number;
  /** Milliseconds that closing a server waits for replies in progress. Default: 10,000. */
  readonly drainMs?: number;
}

/**
 * Creates the bus over NATS. Requires nats-server 2.10; an older one is rejected with one sentence. Waits for a server
 * that is not reachable yet, and reconnects automatically.
 *
 * @throws NatsSetupError here or in `connect`, if the server rejects this process
 */
export async function natsTransport(options: NatsOptions): Promise<BusTransport> {
  // Nest's client loads this package with require, which does not work in a bundle. This puts it into Nest's cache.
  await loadPackage('@nats-io/transport-node', 'bus', () => import('@nats-io/transport-node'));
  const settings = {
    connection: connectOptions(options),
    service: options.service ?? 'astro',
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
      await refuseWrongSetup(settings.connection);
      await client.connect();
    },
    connected: () => client.isConnected,
    close: () => client.close(),
  };
}

/** Tries to connect once, because a connection that waits for the server retries even if the server rejects it. */
async function refuseWrongSetup(connection: NodeConnectionOptions): Promise<void> {
  try {
    const tried = await connect({ ...connection, waitOnFirstConnect: false, reconnect: false });
    await tried.close();
  } catch (error) {
    const refusal = setupErrorOf(error);
    if (refusal) throw refusal;
  }
}
