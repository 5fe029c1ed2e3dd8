import { busContract, busesOver, directoryOf, fixtureContracts, personContext, startServer } from '#bus/contract-suite';
import { systemClock, systemIds } from '#runtime/system';
import { silentLogger } from '#kernel';
import { eventually } from '#testing';
import { natsTransport } from './nats.ts';

const url = process.env['ASTRO_TEST_NATS_URL'];

if (url) {
  busContract('nats', {
    async open() {
      const transport = await natsTransport({ url, clock: systemClock, ids: systemIds, leaseMs: 300, drainMs: 500 });
      await transport.connect();
      return transport;
    },
  });
} else describe.skip('bus on nats: ASTRO_TEST_NATS_URL is not set', () => it('was not tested', () => {}));

if (url) {
  describe('over a network', () => {
    const open = (leaseMs: number) => natsTransport({ url, clock: systemClock, ids: systemIds, leaseMs, drainMs: 200 });

    it('ends a stream within its lease when the process of the reader was killed', async () => {
      const [serving, reading] = [await open(300), await open(300)];
      const server = await startServer(serving, systemClock, directoryOf());
      await reading.connect();
      const { gateway } = busesOver(reading, systemClock, silentLogger);
      const items = gateway.stream(fixtureContracts.forever, {}, personContext(systemClock))[Symbol.asyncIterator]();
      await items.next();
      expect(server.producing()).toBe(1);
      await reading.close(); // like a killed process, sends no cancel
      await eventually(() => expect(server.producing()).toBe(0));
      const rest = async () => {
        for (;;) await items.next(); // returns what has already arrived first
      };
      await expect(rest()).rejects.toMatchObject({ error: { code: 'bus/disconnected' } });
      await server.close();
    });

    it('distributes requests among replicas', async () => {
      const transports = [await open(300), await open(300), await open(300)];
      const servers = await Promise.all(
        transports.map((transport) => startServer(transport, systemClock, directoryOf())),
      );
      const client = await open(300);
      await client.connect();
      const { gateway } = busesOver(client, systemClock, silentLogger);
      const answers = Array.from({ length: 60 }, () =>
        gateway.request(fixtureContracts.slow, {}, personContext(systemClock)),
      );
      await eventually(() => expect(servers.reduce((sum, server) => sum + server.waiting(), 0)).toBe(60));
      for (const server of servers) expect(server.waiting()).toBeGreaterThan(5);
      for (const server of servers) server.release();
      expect((await Promise.all(answers)).every(({ ok }) => ok)).toBe(true);
      await Promise.all([...servers, client].map((one) => one.close()));
    });
  });
}
