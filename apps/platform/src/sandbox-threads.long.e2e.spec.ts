import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '#kernel';
import { systemClock } from '#runtime/system';
import { startSandboxes } from '#sandbox-cluster/service';
import { temporaryFolder } from '#testing';
import { clientOf, serveSandboxes, type SandboxUser, type ServedSandboxes } from './sandbox.fixture.ts';

/** A worker thread that ends or blocks on request. */
const MORTAL = join(import.meta.dirname, '../../../libs/sandbox-cluster/service/src/testing/mortal.thread.ts');

describe('threads of sandboxes', () => {
  const folder = temporaryFolder();
  /** Below the ports that systems assign to connections, so that nobody else takes one between two starts. */
  const preferredPort = 20_000 + (process.pid % 2_500) * 4;
  const start = () =>
    startSandboxes({ folder, host: '127.0.0.1', preferredPort, clock: systemClock, log: silentLogger });
  type Started = Awaited<ReturnType<typeof start>>;
  const portOf = (server: string): string => new URL(server).port;
  const IDS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
  let started: Started;
  const addresses = new Map<string, string>();
  beforeAll(async () => void (started = await start()));
  afterAll(() => started.close());

  it('are one for each of four sandboxes, shared by further ones, and do not change', async () => {
    for (const id of IDS) addresses.set(id, (await started.connectionOf(id)).server);
    const ports = IDS.map((id) => portOf(addresses.get(id) ?? ''));
    expect(new Set(ports.slice(0, 4)).size).toBe(4);
    expect(ports.slice(4)).toEqual(ports.slice(0, 2));
    expect((await started.connectionOf('e')).server).toBe(addresses.get('e'));
  });

  it('create one sandbox for concurrent requests', async () => {
    const asked = await Promise.all(Array.from({ length: 20 }, () => started.connectionOf('many')));
    expect(new Set(asked.map((connection) => JSON.stringify(connection))).size).toBe(1);
  });

  it('do not serve a sandbox at the port of another one, even with its own token', async () => {
    const { token, certificateAuthority } = await started.connectionOf('a');
    const elsewhere = clientOf({
      server: `https://127.0.0.1:${portOf(addresses.get('b') ?? '')}/sandbox/a`,
      token,
      certificateAuthority,
    });
    expect(await elsewhere.ask('GET /api/v1/pods')).toMatchObject({ status: 401 });
    expect(await elsewhere.ask('GET /sandbox/b/api/v1/pods')).toMatchObject({ status: 401 });
  });

  it('serve only paths with the id of an organization', async () => {
    for (const id of ['..', 'a/b', '', 'x'.repeat(65)])
      await expect(started.connectionOf(id)).rejects.toThrow('not the id of an organization');
    expect(existsSync(join(folder, 'sandbox', 'slot'))).toBe(false);
  });

  it('serve each sandbox at its address after a start, before its address is requested', async () => {
    const { token, certificateAuthority } = await started.connectionOf('f');
    await started.close();
    started = await start();
    await started.serving;
    const client = clientOf({ server: addresses.get('f') ?? '', token, certificateAuthority });
    expect(await client.ask('GET /api/v1/namespaces/default')).toMatchObject({ status: 200 });
    for (const id of IDS) expect((await started.connectionOf(id)).server).toBe(addresses.get(id));
  });
});

describe('files of threads', () => {
  const folder = temporaryFolder();
  it('are created again if they do not contain their number', async () => {
    const start = () =>
      startSandboxes({ folder, host: '127.0.0.1', preferredPort: 65_535, clock: systemClock, log: silentLogger });
    const first = await start();
    for (const id of ['a', 'b']) await first.connectionOf(id); // otherwise the second port would be one too high
    await first.close();
    writeFileSync(join(folder, 'sandbox', 'port-0'), 'eighty');
    writeFileSync(join(folder, 'sandbox', 'clusters', 'a', 'slot'), '-1');
    const again = await start();
    const { server, token, certificateAuthority } = await again.connectionOf('a');
    expect(await clientOf({ server, token, certificateAuthority }).ask('GET /api/v1/namespaces/default')).toMatchObject(
      { status: 200 },
    );
    await again.close();
  });
});

describe('a sandbox thread', () => {
  let served: ServedSandboxes;
  let ada: SandboxUser;
  let eve: SandboxUser;
  const doing = new BroadcastChannel('sandbox-threads');
  const apply = (user: SandboxUser, name: string) =>
    user.ask('POST /api/v1/namespaces/default/configmaps', { body: { metadata: { name } } });
  const read = (user: SandboxUser, name: string) => user.ask(`GET /api/v1/namespaces/default/configmaps/${name}`);

  beforeAll(async () => {
    served = await serveSandboxes({ program: MORTAL });
    [ada, eve] = [await served.of('org-ada'), await served.of('org-eve')];
  });
  afterAll(async () => {
    doing.close();
    await served.stop();
  });

  it('that blocks does not block others', async () => {
    const until = join(served.folder, 'go-on');
    doing.postMessage({ organizationId: 'org-ada', does: 'stop', until });
    const held = apply(ada, 'late');
    expect(await apply(eve, 'at-once')).toMatchObject({ status: 201 });
    expect(await read(eve, 'at-once')).toMatchObject({ status: 200 });
    writeFileSync(until, '');
    expect(await held).toMatchObject({ status: 201 });
  });

  it('that ends loses nothing that was acknowledged: open responses end, and all objects are restored', async () => {
    expect(await apply(ada, 'kept')).toMatchObject({ status: 201 });
    const watch = await ada.open('GET /api/v1/configmaps?watch=true');
    const ended = new Promise((resolve) =>
      watch
        .once('close', resolve)
        .once('error', () => {})
        .resume(),
    );
    doing.postMessage({ organizationId: 'org-ada', does: 'end' });
    await ended;
    expect(await read(eve, 'at-once')).toMatchObject({ status: 200 });
    // waits for the next thread
    expect(await served.of('org-ada')).toMatchObject({ token: ada.token, prefix: ada.prefix });
    expect(await read(ada, 'kept')).toMatchObject({ status: 200 });
  });
});
