import { connect, headers, type NatsConnection } from '@nats-io/transport-node';

/** Request and reply with nats.js alone: JSON in both directions, and one header of the size of a caller context. */
const HEADER = 'x'.repeat(700);
const SUBJECT = 'bench.raw';

export async function serveRaw(servers: string): Promise<NatsConnection> {
  const connection = await connect({ servers });
  connection.subscribe(SUBJECT, {
    queue: 'bench',
    callback: (_error, message) => {
      JSON.parse(message.string());
      message.respond('{"response":{"ok":true,"value":null,"meta":{}},"isDisposed":true}');
    },
  });
  await connection.flush();
  return connection;
}

export async function askRaw(
  servers: string,
): Promise<{ readonly ask: () => Promise<unknown>; readonly close: () => Promise<void> }> {
  const connection = await connect({ servers });
  return {
    async ask() {
      const carried = headers();
      carried.set('astro-caller', HEADER);
      const answer = await connection.request(SUBJECT, '{"org":"acme"}', { headers: carried, timeout: 10_000 });
      return JSON.parse(answer.string());
    },
    close: () => connection.close(),
  };
}
