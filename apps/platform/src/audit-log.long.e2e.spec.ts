import type { AuditEntry } from '#audit/contract';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import {
  call,
  eventually,
  loginAdmin,
  newPerson,
  startAgain,
  startPlatform,
  type Person,
  type Platform,
} from '#testing';

describe('the audit log, with the real astroctl', () => {
  let platform: Platform;
  let ada: Person;
  let grace: Person;
  let org: string;
  beforeAll(async () => {
    platform = await startPlatform();
    ada = await loginAdmin(platform);
    grace = await newPerson(platform, 'grace@astro.localhost', 'a password of grace');
    org = `/v1/organizations/${ada.organization.id}`;
    const member = `PUT ${org}/members/${grace.userId}`;
    expect((await call(platform.url, member, { credential: ada.key, body: { role: 'viewer' } })).status).toBeLessThan(
      300,
    );
  }, 120_000);
  afterAll(() => platform.stop());

  const entries = async (words: string, by = ada): Promise<readonly AuditEntry[]> =>
    (JSON.parse(await by.machine.run(`audit list ${words} -o json`)) as { items: AuditEntry[] }).items;

  it('shows who did what, by which right, and from which network and address', async () => {
    const [added] = await entries('--action organization.member-added --limit 1');
    expect(added).toMatchObject({
      who: platform.adminEmail,
      object: 'member/grace@astro.localhost',
      right: 'owner',
      permission: 'members.manage',
      credential: 'key',
      network: '127.0.0.0/24',
      address: '127.0.0.1',
      result: 'done',
      message: 'role viewer',
    });
    const granted = (await entries('--limit 100')).find(({ eventId }) => eventId === added?.grantedBy);
    expect(granted).toMatchObject({ action: 'organization.created' });
    const table = await ada.machine.run('org audit');
    expect(table.split('\n', 1)[0]?.split(/ +/)).toEqual([
      'TIME',
      'POSITION',
      'WHO',
      'ACTION',
      'OBJECT',
      'RIGHT',
      'RESULT',
    ]);
  });

  it('marks what a global admin did without being a member', async () => {
    const theirs = `/v1/organizations/${grace.organization.id}`;
    const rename = { credential: ada.accessToken, body: { name: 'Graces' } };
    expect(await call(platform.url, `PATCH ${theirs}`, rename)).toMatchObject({ status: 200 });
    const [renamed] = await entries('--right global-admin', grace);
    expect(renamed).toMatchObject({
      who: platform.adminEmail,
      action: 'organization.renamed',
      right: 'global-admin',
      credential: 'login',
    });
  });

  it('counts refused requests', async () => {
    const refused = () => call(platform.url, `PATCH ${org}`, { credential: grace.accessToken, body: { name: 'Mine' } });
    for (let count = 0; count < 3; count += 1) expect((await refused()).status).toBe(403);
    await eventually(
      async () =>
        expect(await entries('--result refused --who grace@astro.localhost')).toMatchObject([
          { action: 'organization.change', count: 3, message: expect.stringContaining('access/not-permitted') },
        ]),
      120_000,
    );
  }, 150_000);

  it('A24: lists for the organization that a global admin read its logs and the names of its secrets', async () => {
    const theirs = `/v1/organizations/${grace.organization.id}/applications/web`;
    const image = { registry: 'images.acme.dev', repository: 'web', tag: '1' };
    const web = { name: 'web', profileName: 'default', source: { type: 'image', image } };
    const applied = await call(platform.url, `PUT ${theirs}`, { credential: grace.key, body: web });
    expect(applied.status).toBe(201);
    const read = (what: string, credential: string) => call(platform.url, `GET ${theirs}/${what}`, { credential });
    for (let count = 0; count < 3; count += 1)
      expect(await read('secrets', ada.accessToken)).toMatchObject({ status: 200, body: { items: [] } });
    await read('logs', ada.accessToken);
    await read('secrets', grace.key); // members leave no such entry
    // What shows events counts once these have names of secrets.
    const organization = `GET /v1/organizations/${grace.organization.id}`;
    const readEvents = async () => {
      for (const what of [`GET ${theirs}/events`, `${organization}/audit`, `${organization}/audit/export`])
        expect(await call(platform.url, what, { credential: ada.accessToken })).toMatchObject({ status: 200 });
    };
    await readEvents();
    const secret = { credential: grace.key, body: { value: 'a value' } };
    expect(await call(platform.url, `PUT ${theirs}/secrets/TOKEN`, secret)).toMatchObject({ status: 200 });
    await readEvents();
    await call(platform.url, `${organization}/audit`, { credential: grace.key });
    await eventually(async () => {
      const reads = (await entries('--right global-admin', grace)).filter(({ action }) => action.endsWith('.read'));
      const counted = new Map<string, number>();
      for (const { action, message, count } of reads) {
        const name = `${action} ${message.replace('operation ', '')}`;
        counted.set(name, (counted.get(name) ?? 0) + count);
      }
      expect(Object.fromEntries(counted)).toEqual({
        'secret-names.read deployments.v1.secrets.list': 3,
        'logs.read deployments.v1.applications.logs': 1,
        'secret-names.read audit.v1.log.list': 1,
        'secret-names.read audit.v1.log.export': 1,
        'secret-names.read deployments.v1.applications.events': 1,
      });
      expect(reads[0]).toMatchObject({
        who: platform.adminEmail,
        result: 'done',
        credential: 'login',
        network: '127.0.0.0/24',
        address: '127.0.0.1',
      });
    }, 120_000);
  }, 150_000);

  it('has signed pages, and a download that is complete', async () => {
    const page = (query: string) => call(platform.url, `GET ${org}/audit?limit=2${query}`, { credential: ada.key });
    const first = (await page('')).body as { items: AuditEntry[]; next: string };
    const second = (await page(`&cursor=${first.next}`)).body as { items: AuditEntry[] };
    expect([...first.items, ...second.items].map(({ eventId }) => eventId)).toEqual(
      (await entries('--limit 4')).map(({ eventId }) => eventId),
    );
    expect(await page('&cursor=x')).toMatchObject({ status: 400, body: { code: 'edge/cursor-invalid' } });
    const response = await fetch(`${platform.url}${org}/audit/export?format=csv`, {
      headers: { authorization: `Bearer ${ada.key}` },
    });
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const lines = (await response.text()).trimEnd().split('\r\n');
    expect(lines.length - 1).toBe((await entries('--limit 500')).length);
    expect((await ada.machine.run('audit export --format csv')).trimEnd().split('\r\n')).toHaveLength(lines.length);
  });

  it('is kept from viewers and strangers, and shows editors their own actions', async () => {
    const list = () => call(platform.url, `GET ${org}/audit`, { credential: grace.accessToken });
    expect(await list()).toMatchObject({ status: 403 });
    await call(platform.url, `PUT ${org}/members/${grace.userId}`, { credential: ada.key, body: { role: 'editor' } });
    await eventually(async () => expect(await list()).toMatchObject({ status: 200 }));
    const { items } = (await list()).body as { items: AuditEntry[] };
    expect(items.every(({ whoId }) => whoId === grace.userId)).toBe(true);
    expect(await call(platform.url, 'GET /v1/audit', { credential: grace.accessToken })).toMatchObject({ status: 403 });
  });

  describe('is followed by a stream of changes', () => {
    const stop = new AbortController();
    afterAll(() => stop.abort());
    const follow = async (headers: Readonly<Record<string, string>> = {}) => {
      const response = await fetch(`${platform.url}${org}/changes`, {
        headers: { authorization: `Bearer ${ada.key}`, accept: 'text/event-stream', ...headers },
        signal: stop.signal,
      });
      if (!response.body) throw new Error('the response has no body');
      const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
      return events[Symbol.asyncIterator]();
    };
    type Followed = Awaited<ReturnType<typeof follow>>;
    const next = async (events: Followed) => {
      const { value, done } = await events.next();
      if (done === true) throw new Error('the stream has ended');
      const item = JSON.parse(value.data) as { kind: string; position: string; name: string | null };
      expect(value.id).toBe(item.position);
      return item;
    };
    const nextOf = async (events: Followed, kind: string) => {
      for (;;) {
        const item = await next(events);
        if (item.kind === kind) return item;
      }
    };

    it('each of which a read with its position includes', async () => {
      const first = await follow();
      const start = await nextOf(first, 'current');
      const write = (method: string, path: string, body: object) =>
        call(platform.url, `${method} ${org}${path}`, { credential: ada.accessToken, body });
      const read = (path: string, consistency: string) =>
        call(platform.url, `GET ${org}${path}`, { credential: ada.accessToken, headers: { consistency } });
      const image = { registry: 'images.acme.dev', repository: 'web', tag: '1' };
      const web = { name: 'web', profileName: 'default', source: { type: 'image', image } };
      const writes = [
        ['application', 'PUT', '/applications/web', web, '/applications/web', '"name":"web"'],
        ['access-key', 'POST', '/access-keys', { name: 'followed' }, '/access-keys', '"name":"followed"'],
        ['invitation', 'POST', '/invitations', { email: 'linus@acme.dev', role: 'viewer' }, '/invitations', 'linus@'],
        ['organization', 'PATCH', '', { settings: { contact: 'ops@acme.dev' } }, '', 'ops@acme.dev'],
      ] as const;
      for (const [kind, method, path, body, list, shown] of writes) {
        const written = await write(method, path, body);
        expect({ kind, ...written }).toMatchObject({ status: method === 'PATCH' ? 200 : 201 });
        const { position } = await nextOf(first, kind);
        expect(JSON.stringify((await read(list, position)).body)).toContain(shown);
      }
      const again = await follow({ 'last-event-id': start.position });
      for (const [kind] of writes) await nextOf(again, kind);
      await nextOf(again, 'current');
    });

    it('and continues after the last ID when the gateway has restarted', async () => {
      const createKey = (name: string) =>
        call(platform.url, `POST ${org}/access-keys`, { credential: ada.accessToken, body: { name } });
      const before = await follow();
      await nextOf(before, 'current');
      for (const name of ['seen', 'missed', 'missed-too']) expect(await createKey(name)).toMatchObject({ status: 201 });
      const { position, name } = await nextOf(before, 'access-key');
      expect(name).toBe('seen');
      await platform.process.kill();
      platform = await startAgain(platform);
      const after = await follow({ 'last-event-id': position });
      const names: (string | null)[] = [];
      for (let item = await next(after); item.kind !== 'current'; item = await next(after))
        if (item.kind === 'access-key') names.push(item.name);
      expect(names).toEqual(['missed', 'missed-too']);
      expect(await createKey('new')).toMatchObject({ status: 201 });
      expect(await nextOf(after, 'access-key')).toMatchObject({ name: 'new' });
    });
  });

  it('shows global admins what happened to users', async () => {
    const { body } = await call(platform.url, 'GET /v1/audit', { credential: ada.accessToken });
    expect((body as { items: AuditEntry[] }).items).toContainEqual(
      expect.objectContaining({ action: 'user.registered', object: 'user/grace@astro.localhost', who: 'platform' }),
    );
  });
});
