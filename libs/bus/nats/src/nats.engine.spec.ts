import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contract } from '#bus/contract';
import { busContract, busesOver, directoryOf, fixtureContracts, personContext, startServer } from '#bus/contract-suite';
import { createUserSeed, natsAuthorization, natsPermissions, publicKeyOfSeed } from '#nats';
import { systemClock, systemIds } from '#runtime/system';
import { silentLogger } from '#kernel';
import { eventually, natsServerProgram, startNatsServer, temporaryFolder, type NatsServer } from '#testing';
import { connect } from '@nats-io/transport-node';
import { generate } from 'selfsigned';
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

    it('A27: ignores messages that ask for a reply on a subject which is neither an inbox nor a stream', async () => {
      const transport = await open(300);
      const server = await startServer(transport, systemClock, directoryOf());
      const sender = await connect({ servers: url });
      const received: string[] = [];
      const read = (subject: string) =>
        sender.subscribe(subject, { callback: (_, message) => void received.push(message.subject) });
      read('elsewhere.>');
      read('_INBOX.test.>');
      const { subject } = fixtureContracts.echo;
      sender.publish(subject, '{}', { reply: 'elsewhere.purge' });
      sender.publish(subject, 'not JSON', { reply: 'elsewhere.purge' });
      sender.publish(subject, '{}', { reply: '_INBOX.test.1' });
      await eventually(() => expect(received).toEqual(['_INBOX.test.1']));
      await sender.close();
      await server.close();
    });

    it('F15: fails no request while replicas stop and start again under load', async () => {
      const transports = [await open(300), await open(300)];
      const servers = await Promise.all(
        transports.map((transport) => startServer(transport, systemClock, directoryOf())),
      );
      const client = await open(300);
      await client.connect();
      const { gateway } = busesOver(client, systemClock, silentLogger);
      let answered = 0;
      let isOver = false;
      const refusals: unknown[] = [];
      const asking = Array.from({ length: 32 }, async () => {
        while (!isOver) {
          const answer = await gateway.request(fixtureContracts.echo, { text: 'x' }, personContext(systemClock));
          answered += 1;
          if (!answer.ok) refusals.push(answer.error);
        }
      });
      for (let stop = 0; stop < 10; stop += 1) {
        const before = answered;
        await eventually(() => expect(answered).toBeGreaterThan(before + 200));
        await servers[stop % 2]?.close();
        servers[stop % 2] = await startServer(transports[stop % 2] ?? client, systemClock, directoryOf());
      }
      isOver = true;
      await Promise.all(asking);
      expect(refusals).toEqual([]);
      await Promise.all([...servers, ...transports, client].map((one) => one.close()));
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

if (url && natsServerProgram() !== undefined) {
  describe('a server with limited users', () => {
    const folder = temporaryFolder();
    const contracts: readonly Contract[] = Object.values(fixtureContracts).map((contract) =>
      contract === fixtureContracts.internal ? contract : { ...contract, route: 'GET /v1/fixture' },
    );
    /** Less than the duration of the stream that the test reads. */
    const REPLIES_EXPIRE_MS = 300;
    let server: NatsServer;

    const config = () =>
      natsAuthorization(
        ['gateway', 'fixture', 'caller'].map((service) => {
          const seed = createUserSeed();
          const seedFile = join(folder, `${service}.nk`);
          writeFileSync(seedFile, seed);
          const permissions = natsPermissions(service, contracts, []);
          return {
            service,
            seedFile,
            publicKey: publicKeyOfSeed(seed) ?? '',
            permissions: { ...permissions, ...(permissions.repliesWithinMs && { repliesWithinMs: REPLIES_EXPIRE_MS }) },
          };
        }),
      );
    const open = (service: string) =>
      natsTransport({
        url: server.url,
        service,
        credentialsFile: join(folder, `${service}.nk`),
        clock: systemClock,
        ids: systemIds,
        leaseMs: 2_000,
        drainMs: 200,
      });

    beforeAll(async () => {
      mkdirSync(folder, { recursive: true });
      server = await startNatsServer({ folder: join(folder, 'server'), config: config() });
    });
    afterAll(() => server.kill());

    it('permits a stream for longer than replies', async () => {
      const [serving, reading] = [await open('fixture'), await open('gateway')];
      const fixture = await startServer(serving, systemClock, directoryOf());
      await reading.connect();
      const { gateway } = busesOver(reading, systemClock, silentLogger);
      const items = gateway.stream(
        fixtureContracts.forever,
        {},
        personContext(systemClock, undefined, { deadlineMs: systemClock.now() + 60_000 }),
      );
      let seen = 0;
      // The stream sends at most one item in 2 ms.
      for await (const { n } of items) if ((seen = n) * 2 > REPLIES_EXPIRE_MS * 4) break;
      expect(seen * 2).toBeGreaterThan(REPLIES_EXPIRE_MS * 4);
      await eventually(() => expect(fixture.producing()).toBe(0)); // the control message of the reader arrives
      await fixture.close();
      await reading.close();
    });

    it('causes an immediate error for a message that is not permitted', async () => {
      const transport = await open('caller');
      await transport.connect();
      const { caller } = busesOver(transport, systemClock, silentLogger);
      expect(await caller.request(fixtureContracts.echo, { text: 'x' }, caller.own({}))).toMatchObject({
        ok: false,
        error: { code: 'bus/subject-denied', kind: 'unavailable' },
      });
      expect(await caller.request(fixtureContracts.internal, { organization: 'x' }, caller.own({}))).toMatchObject({
        ok: false,
        error: { code: 'bus/nobody-serves' },
      });
      await transport.close();
    });

    it('prevents the start with one sentence if a subject is not permitted, or the user is unknown', async () => {
      const transport = await open('caller');
      await expect(startServer(transport, systemClock, directoryOf())).rejects.toThrow(
        /^the NATS server does not permit the user of this process to serve fixture\.v1\.[a-z-]+ and \d+ more; update its users/,
      );
      await transport.close();
      writeFileSync(join(folder, 'stranger.nk'), createUserSeed());
      const stranger = await open('stranger');
      await expect(stranger.connect()).rejects.toThrow(/^the NATS server refuses the user of this process;/);
      await stranger.close();
    });

    it('accepts a replaced seed without a restart of the service', async () => {
      const transport = await open('gateway');
      await transport.connect();
      await server.reload(config()); // replaces the seeds and removes the previous users
      const { gateway } = busesOver(transport, systemClock, silentLogger);
      await eventually(async () => {
        const response = await gateway.request(fixtureContracts.unserved, {}, personContext(systemClock));
        expect(response).toMatchObject({ ok: false, error: { code: 'bus/nobody-serves' } });
      });
      await transport.close();
    });
  });

  describe('a server with TLS', () => {
    const folder = temporaryFolder();
    const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), other: join(folder, 'other.crt') };
    let server: NatsServer;

    const certificate = () =>
      generate([{ name: 'commonName', value: 'localhost' }], {
        extensions: [
          { name: 'basicConstraints', cA: true },
          { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
        ],
      });
    beforeAll(async () => {
      const [own, other] = [await certificate(), await certificate()];
      writeFileSync(files.cert, own.cert);
      writeFileSync(files.key, own.private);
      writeFileSync(files.other, other.cert);
      const config = `tls { cert_file: "${files.cert}", key_file: "${files.key}" }`;
      server = await startNatsServer({ folder: join(folder, 'server'), config });
    });
    afterAll(() => server.kill());

    const open = async (more: { readonly caFile?: string }) => {
      const transport = await natsTransport({ url: server.url, clock: systemClock, ids: systemIds, ...more });
      const outcome = await transport.connect().then(
        () => transport.connected(),
        (error: Error) => error.message,
      );
      await transport.close();
      return outcome;
    };

    it('is accepted if its authority is configured', async () => expect(await open({ caFile: files.cert })).toBe(true));

    it('is rejected with one sentence if its certificate has another authority', async () => {
      for (const more of [{}, { caFile: files.other }])
        expect(await open(more)).toMatch(/^the certificate of the NATS server is not trusted \([A-Z_]+\)\.$/);
    });
  });
} else describe.skip('a server with limited users: nats-server is not built', () => it('was not tested', () => {}));
