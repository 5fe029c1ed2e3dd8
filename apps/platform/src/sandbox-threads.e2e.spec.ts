import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '#kernel';
import { eventually, manualClock, temporaryFolder } from '#testing';
import { serveSandboxes, type SandboxUser, type ServedSandboxes } from './sandbox.fixture.ts';
import { sandboxThreads, type SandboxThreads } from './sandbox-threads.ts';

const MINUTE = 60_000;

describe('threads of sandboxes', () => {
  const folder = temporaryFolder();
  const clock = manualClock();
  let threads: SandboxThreads;
  beforeAll(() => void (threads = sandboxThreads({ folder, clock, log: silentLogger })));
  afterAll(() => threads.close());

  const once = async (organizationId: string) => {
    const { sandbox, release } = await threads.use(organizationId);
    release();
    return sandbox;
  };
  /** Idle ones are looked for each minute. */
  const pass = (minutes: number): void => {
    for (let n = 0; n < minutes; n++) clock.advance(MINUTE);
  };

  it('give four sandboxes a thread each, and share them among more', async () => {
    const ports = new Map<string, number>();
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) ports.set(id, (await once(id)).port);
    expect(new Set(['a', 'b', 'c', 'd'].map((id) => ports.get(id))).size).toBe(4);
    expect([...ports.values()].toSorted()).toEqual([...new Set(ports.values())].flatMap((port, index) => (index < 2 ? [port, port] : [port])).toSorted());
    expect((await once('e')).port).toBe(ports.get('e'));
  });

  it('load a sandbox once for all who ask at the same time', async () => {
    const asked = await Promise.all(Array.from({ length: 20 }, () => once('many')));
    expect(new Set(asked.map(({ port, token, uid }) => `${port} ${token} ${uid}`)).size).toBe(1);
  });

  it('unload what nobody used for ten minutes, but not what is in use, and load it again as it was', async () => {
    const first = await once('idle');
    const { release } = await threads.use('used');
    pass(9);
    expect(threads.has('idle')).toBe(true);
    pass(2);
    const again = once('idle'); // while it is being unloaded
    await eventually(() => expect(threads.has('a')).toBe(false));
    expect(threads.has('used')).toBe(true);
    expect(await again).toMatchObject({ token: first.token, uid: first.uid });
    release();
    pass(11);
    await eventually(() => expect(['idle', 'used'].filter((id) => threads.has(id))).toEqual([]));
  });

  it('load nothing at a path that is no id of an organization', async () => {
    for (const id of ['..', 'a/b', '', 'x'.repeat(65)]) await expect(threads.use(id)).rejects.toThrow('that is no id of an organization');
  });
});

describe('a thread of sandboxes', () => {
  let served: ServedSandboxes;
  let ada: SandboxUser;
  let eve: SandboxUser;
  const doing = new BroadcastChannel('sandbox-threads');
  const apply = (user: SandboxUser, name: string) => user.ask('POST /api/v1/namespaces/default/configmaps', { body: { metadata: { name } } });
  const read = (user: SandboxUser, name: string) => user.ask(`GET /api/v1/namespaces/default/configmaps/${name}`);

  beforeAll(async () => {
    served = await serveSandboxes({ program: join(import.meta.dirname, 'testing', 'mortal.thread.ts') });
    [ada, eve] = [await served.of('org-ada'), await served.of('org-eve')];
  });
  afterAll(async () => {
    doing.close();
    await served.stop();
  });

  it('that stands still holds up nobody else', async () => {
    const until = join(served.folder, 'go-on');
    doing.postMessage({ organizationId: 'org-ada', does: 'stop', until });
    await read(eve, 'nothing'); // the message has come by then, or comes before what follows
    const held = apply(ada, 'late');
    expect(await apply(eve, 'at-once')).toMatchObject({ status: 201 });
    expect(await read(eve, 'at-once')).toMatchObject({ status: 200 });
    writeFileSync(until, '');
    expect(await held).toMatchObject({ status: 201 });
  });

  it('that ends takes nothing along that was acknowledged: open answers end, the next request finds everything', async () => {
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
    await eventually(async () => expect(await read(ada, 'kept')).toMatchObject({ status: 200 }));
    expect(await read(eve, 'at-once')).toMatchObject({ status: 200 });
  });
});
