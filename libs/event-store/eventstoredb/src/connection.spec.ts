import { connect, type AddressInfo, createServer } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '#kernel';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { temporaryFolder } from '#testing';
import { startEventStoreStandIn, type EventStoreStandIn, type StandInOptions } from '#testing/eventstore';
import { generate } from 'selfsigned';
import { openEventStoreDb } from './index.ts';

/** Tests the errors at startup for an EventStoreDB that cannot be used: one sentence, without the password. */
describe('the connection to EventStoreDB', () => {
  const folder = temporaryFolder();
  const servers: EventStoreStandIn[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  const start = async (options: StandInOptions = {}) => {
    const server = await startEventStoreStandIn(options);
    servers.push(server);
    return server;
  };
  const open = (url: string) =>
    openEventStoreDb({ url, clock, ids, log: silentLogger, times: { connectMs: 300, responseMs: 15_000 } });
  const refusal = async (url: string) => {
    const outcome = await open(url).then(
      async (store) => store.close().then(() => 'opened'),
      (error: Error) => error.message,
    );
    expect(outcome).not.toContain('secret');
    return outcome;
  };
  const certificate = async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
      ],
    });
    return { key, certificate: cert };
  };

  it('reports that nothing responds at a wrong address', async () => {
    const free = createServer();
    const port = await new Promise<number>((resolve) =>
      free.listen(0, '127.0.0.1', () => resolve((free.address() as AddressInfo).port)),
    );
    await new Promise((resolve) => free.close(resolve));
    expect(await refusal(`esdb://127.0.0.1:${port}?tls=false`)).toBe(
      `No EventStoreDB responds at 127.0.0.1:${port}; start it, correct the address, or remove tls=false.`,
    );
    expect(await refusal(`esdb://ada:secret@localhost:${port}`)).toBe(
      `No EventStoreDB responds at localhost:${port}; start it, or correct the address.`,
    );
  });

  it('reports a server that takes too long to be ready, and waits for one that becomes ready', async () => {
    const server = await start();
    server.setReady(false);
    const url = `esdb://127.0.0.1:${server.port}?tls=false`;
    expect(await refusal(url)).toBe(
      `The EventStoreDB at 127.0.0.1:${server.port} is starting and does not accept requests yet.`,
    );
    const opening = openEventStoreDb({ url, clock, ids, log: silentLogger });
    server.setReady(true);
    await (await opening).close();
  });

  it.each([
    ['21.10.2', 'has version 21.10.2; 22.10 or newer is required.'],
    ['22.6.0', 'has version 22.6.0; 22.10 or newer is required.'],
    ['', 'has version unknown; 22.10 or newer is required.'],
  ])('rejects a server of version %j', async (version, sentence) => {
    const { port } = await start({ version });
    expect(await refusal(`esdb://127.0.0.1:${port}?tls=false`)).toBe(
      `The EventStoreDB at 127.0.0.1:${port} ${sentence}`,
    );
  });

  it.each(['22.10.0', '23.10.8', '24.2.0', '25.1.0.2887'])('accepts a server of version %s', async (version) => {
    const { port } = await start({ version });
    expect(await refusal(`esdb://127.0.0.1:${port}?tls=false`)).toBe('opened');
  });

  it('reports a problem of the certificate, and accepts the authority that the address specifies', async () => {
    const tls = await certificate();
    const { port } = await start({ tls });
    expect(await refusal(`esdb://localhost:${port}`)).toMatch(
      new RegExp(
        `^The certificate of the EventStoreDB at localhost:${port} is not trusted \\(self-signed certificate\\); set tlsCAFile=… to the certificate file of its authority.$`,
      ),
    );
    const file = join(folder, 'ca.pem');
    writeFileSync(file, tls.certificate);
    expect(await refusal(`esdb://localhost:${port}?tlsCAFile=${encodeURIComponent(file)}`)).toBe('opened');
    expect(await refusal(`esdb://localhost:${port}?tlsCAFile=${encodeURIComponent(`${file}.none`)}`)).toContain(
      'sets tlsCAFile to a file that does not exist',
    );
  });

  it('reports that the server does not use TLS but the address does, and vice versa', async () => {
    const plain = await start();
    expect(await refusal(`esdb://localhost:${plain.port}`)).toBe(
      `The EventStoreDB at localhost:${plain.port} does not use TLS; enable TLS on the server, or add tls=false.`,
    );
    const secured = await start({ tls: await certificate() });
    expect(await refusal(`esdb://localhost:${secured.port}?tls=false`)).toBe(
      `No EventStoreDB responds at localhost:${secured.port}; start it, correct the address, or remove tls=false.`,
    );
  });

  it('reports a wrong or missing user or password', async () => {
    const tls = await certificate();
    const { port } = await start({ tls, users: { ada: 'right secret' } });
    const file = join(folder, 'users.pem');
    writeFileSync(file, tls.certificate);
    const query = `?tlsCAFile=${encodeURIComponent(file)}`;
    expect(await refusal(`esdb://ada:wrong-secret@localhost:${port}${query}`)).toBe(
      `The EventStoreDB at localhost:${port} refuses user ada; correct the password, or give the user the role $admins.`,
    );
    expect(await refusal(`esdb://localhost:${port}${query}`)).toBe(
      `The EventStoreDB at localhost:${port} requires a user; put user:password@ in front of the host.`,
    );
    expect(await refusal(`esdb://ada:right%20secret@localhost:${port}${query}`)).toBe('opened');
  });

  it.each([
    ['esdb://', 'has the form'],
    ['http://127.0.0.1:2113', 'has the form'],
    ['esdb://ada:secret@/?tls=false', 'has the form'],
    [
      'esdb://ada:secret@host:2113?throwOnAppendFailure=false',
      'has the unknown parameter throwOnAppendFailure; allowed: tls,',
    ],
    ['esdb://ada:secret@host:2113?tls=perhaps', 'has an invalid value for tls.'],
  ])('rejects the address %s before anything is sent', async (url, sentence) =>
    expect(await refusal(url)).toContain(sentence),
  );

  it('ends its connections when it is closed', async () => {
    const server = await start();
    const store = await open(`esdb://127.0.0.1:${server.port}?tls=false`);
    const stop = new AbortController();
    const reading = (async () => {
      for await (const _ of store.subscribe({ signal: stop.signal }));
    })();
    await store.head();
    await store.close();
    await expect(reading).rejects.toMatchObject({ code: 'event-store/unavailable' });
    await expect(store.head()).rejects.toMatchObject({ code: 'event-store/unavailable' });
    await server.close();
    await new Promise<void>((resolve) => connect(server.port, '127.0.0.1').once('error', () => resolve()));
  });
});
