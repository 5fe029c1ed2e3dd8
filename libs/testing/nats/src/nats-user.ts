import { connectOptions } from '#nats';
import { connect, headers } from '@nats-io/transport-node';

/** A plain NATS client with the credentials of a service, for attacks. */
export interface NatsUserClient {
  /** Sends a request. Returns the parsed reply, or the text of the error. */
  request(subject: string, body: string, head?: Readonly<Record<string, string>>): Promise<unknown>;
  /** Subscribes. Returns `subscribed`, or the text of the error. */
  subscribe(subject: string, queue?: string): Promise<string>;
  close(): Promise<void>;
}

/** @param environment variables of the service: ASTRO_BUS, and ASTRO_NATS_CREDS if it has a user */
export async function natsUser(
  service: string,
  environment: Readonly<Record<string, string>>,
): Promise<NatsUserClient> {
  const credentialsFile = environment['ASTRO_NATS_CREDS'];
  const address = { url: environment['ASTRO_BUS'] ?? '', service };
  const nats = await connect(connectOptions({ ...address, ...(credentialsFile !== undefined && { credentialsFile }) }));
  return {
    async request(subject, body, head = {}) {
      const sent = headers();
      for (const [name, value] of Object.entries(head)) sent.set(name, value);
      return nats.request(subject, body, { headers: sent, timeout: 5_000 }).then(
        (message) => message.json<unknown>(),
        (error: Error) => error.message,
      );
    },
    async subscribe(subject, queue) {
      const { promise: outcome, resolve } = Promise.withResolvers<string>();
      const subscription = nats.subscribe(subject, {
        ...(queue !== undefined && { queue }),
        callback: (error) => resolve(error ? error.message : 'a message arrived'),
      });
      await nats.flush(); // an error arrives before the reply to the flush
      resolve('subscribed');
      if (!subscription.isClosed()) subscription.unsubscribe();
      return outcome;
    },
    close: () => nats.close(),
  };
}
