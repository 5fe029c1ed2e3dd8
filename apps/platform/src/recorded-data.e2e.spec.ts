import { jest } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { verifyStream, type StoredEvent } from '#event-store';
import { claimPort } from '#runtime';
import {
  call,
  eventually,
  machine,
  startForwardProxy,
  startPlatform,
  temporaryFolder,
  type Finished,
  type ForwardProxy,
  type Machine,
  type Platform,
} from '#testing';
import { logOf } from '#testing/log';
import {
  configurationOf,
  lasting,
  RECORDED_RELEASES,
  recordedBy,
  unpackData,
  type RecordedObject,
} from './recorded-data.fixture.ts';

jest.setTimeout(300_000);

/** Between two looks at what takes a while: a plan allows only so many requests a minute. */
const LOOK_AGAIN_MS = 200;

const meSchema = z.looseObject({ userId: z.string() });
const configurationSchema = z.looseObject({
  apis: z.record(
    z.string(),
    z.looseObject({
      currentOrg: z.string(),
      organizations: z.array(z.looseObject({ slug: z.string(), key: z.string() })),
      login: z.looseObject({ accessToken: z.string() }),
    }),
  ),
});
const objectListSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      kind: z.string(),
      metadata: z.looseObject({
        namespace: z.string(),
        name: z.string(),
        uid: z.string(),
        labels: z.record(z.string(), z.string()).default({}),
      }),
      spec: z.looseObject({ selector: z.unknown() }).optional(),
    }),
  ),
});

describe.each(RECORDED_RELEASES)('the data folder that release %s wrote', (release) => {
  const recorded = recordedBy(release);
  const dataDir = unpackData(release);
  const home = temporaryFolder();
  const graceHome = temporaryFolder();
  const { admin, grace } = recorded.people;
  let platform: Platform;
  let proxy: ForwardProxy;
  let url: string;
  let ada: Machine;
  let occupier: Server;

  const astroctl = (words: string, input?: string): Promise<Finished> =>
    ada.astroctl(words.split(' '), input === undefined ? {} : { input });
  const login = ({ email, password }: typeof admin, org: string) =>
    ada.astroctl(['auth', 'login', '--org-id', org, '--username', email, '--password-stdin'], {
      input: `${password}\n`,
    });
  const configuration = () =>
    configurationSchema.parse(parse(readFileSync(join(home, '.config', 'astropulse', 'config.yaml'), 'utf8'))).apis[
      recorded.url
    ];
  const get = async (path: string, credential: string): Promise<unknown> => {
    const { status, body } = await call(url, `GET ${path}`, { credential });
    expect({ path, status }).toEqual({ path, status: 200 });
    return body;
  };
  const field = async (name: string, key: string) => (await ada.run(`app status ${name} --field ${key}`)).trim();
  const objectsOf = async (org: keyof typeof recorded.objects): Promise<readonly RecordedObject[]> => {
    const shown = await ada.kubectl(['--context', org, 'get', 'deployments,services', '-A', '-o', 'json']);
    expect(shown).toMatchObject({ code: 0 });
    return objectListSchema.parse(JSON.parse(shown.stdout)).items.map(({ kind, metadata, spec }) => {
      const { namespace, name, uid, labels } = metadata;
      return { kind, namespace, name, uid, labels, selector: spec?.selector };
    });
  };

  beforeAll(async () => {
    // One of the ports that the data names for sandboxes is taken now; the other may be.
    occupier = createServer().on('error', () => {});
    occupier.listen(Number(readFileSync(join(dataDir, 'sandbox', 'port-0'), 'utf8')), '127.0.0.1');
    const port = await claimPort(0);
    url = `http://127.0.0.1:${port}`;
    platform = await startPlatform({ dataDir, port, environment: { ASTRO_PUBLIC_URL: recorded.url } });
    proxy = await startForwardProxy(url);
    ada = machine(home, recorded.url, proxy.environment);
    mkdirSync(join(home, '.config', 'astropulse'), { recursive: true, mode: 0o700 });
    writeFileSync(join(home, '.config', 'astropulse', 'config.yaml'), configurationOf(release), { mode: 0o600 });
  });
  afterAll(async () => {
    await platform.stop();
    await proxy.close();
    occupier.close();
  });

  it('lets a machine that was logged in go on with its configuration', async () => {
    const whoami = await astroctl('whoami');
    expect(whoami).toMatchObject({ code: 0, stderr: '' });
    expect(whoami.stdout).toContain(admin.userId);
    expect(whoami.stdout).toContain(admin.email);
    expect(await ada.run('org list -o name')).toContain('acme');
  });

  it('accepts the keys that were made and no other', async () => {
    const { owner, editor, viewer, revoked, expired } = recorded.keys;
    const users = await Promise.all(
      [owner, editor, viewer].map(async (credential) => meSchema.parse(await get('/v1/me', credential)).userId),
    );
    expect(users).toEqual([admin.userId, recorded.people.linus.userId, grace.userId]);
    for (const credential of [revoked, expired, `${viewer.slice(0, -1)}~`])
      expect(await call(url, 'GET /v1/me', { credential })).toMatchObject({ status: 401 });
  });

  it('knows the people who had an account, as the same users', async () => {
    expect(await login(admin, 'initech')).toMatchObject({ code: 0 });
    const { accessToken } = configuration()?.login ?? { accessToken: '' };
    expect(meSchema.parse(await get('/v1/me', accessToken)).userId).toBe(admin.userId);
    expect(
      configuration()
        ?.organizations.map(({ slug }) => slug)
        .toSorted(),
    ).toEqual([admin.organization.slug, 'acme', 'initech'].toSorted());
    const other = machine(graceHome, recorded.url, proxy.environment);
    expect(await other.login(grace.email, grace.password)).toMatchObject({ code: 0 });
    expect(await other.run('whoami')).toContain(grace.userId);
    await ada.run('org use acme');
  });

  it('reaches the clusters and finds the applications as they were', async () => {
    for (const org of ['acme', 'initech'])
      await eventually(async () =>
        expect(await ada.run(`clusters get sandbox --org ${org}`)).toMatch(/^state: +READY$/m),
      );
    await ada.run('app wait underway');
    const { accessToken } = configuration()?.login ?? { accessToken: '' };
    for (const [path, answer] of Object.entries(recorded.answers)) {
      const then = lasting(path, answer);
      await eventually(async () => {
        const now = lasting(path, await get(path, accessToken));
        // What happened goes on: all that was told then is told first.
        const isLog = path.endsWith('/events') && Array.isArray(now) && Array.isArray(then);
        const told = isLog ? now.slice(0, then.length) : now;
        try {
          expect({ path, answer: told }).toMatchObject({ path, answer: then });
        } catch (error) {
          await pause(LOOK_AGAIN_MS);
          throw error;
        }
      });
    }
  });

  it('has the same objects on the clusters', async () => {
    for (const org of ['acme', 'initech'] as const) {
      await ada.run(`clusters set-context sandbox --name ${org} --org ${org}`);
      expect(await objectsOf(org)).toEqual(recorded.objects[org]);
    }
  });

  it.each(['acme/api', 'acme/raw', 'initech/site'] as const)(
    'finds %s unchanged when it is applied again',
    async (which) => {
      const [org, name] = which.split('/');
      expect(await ada.run(`app apply -f - --org ${org}`, recorded.manifests[which])).toBe(
        `application/${name} unchanged\n`,
      );
    },
  );

  it('deploys a changed application onto the objects that stand', async () => {
    const changed = recorded.manifests['acme/web'].replace('1.2.0', '1.3.0');
    expect(await ada.run('app apply -f - --wait', changed)).toBe('application/web configured\n');
    expect([await field('web', 'status'), await field('web', 'version')]).toEqual(['RUNNING', 'v5']);
    expect(await field('web', 'sourceRef')).toContain('web:1.3.0');
    expect(await ada.run('app apply -f -', changed)).toBe('application/web unchanged\n');
    const raw = recorded.manifests['acme/raw'].replace('second', 'third');
    expect(await ada.run('app apply -f - --wait', raw)).toBe('application/raw configured\n');
    expect(await objectsOf('acme')).toEqual(recorded.objects.acme);
  });

  it('rolls back to a revision of then', async () => {
    await ada.run('app rollback web --to v1 -y');
    await ada.run('app wait web');
    expect(await field('web', 'sourceRef')).toContain('web:1.0.0');
    expect([await field('web', 'version'), await field('web', 'sync')]).toEqual(['v6', 'Pinned']);
    expect(await objectsOf('acme')).toEqual(recorded.objects.acme);
  });

  it('deletes an application of then with its objects, and keeps its history', async () => {
    expect(await ada.run('app delete api -y')).toBe('application/api deleted\n');
    await eventually(async () =>
      expect(await objectsOf('acme')).toEqual(
        recorded.objects.acme.filter(({ namespace }) => namespace !== 'acme-api'),
      ),
    );
    expect(await ada.run('app history api')).toContain('v2');
  });

  it('keeps names taken, and finds people by their addresses', async () => {
    expect(await ada.astroctl(['org', 'create', 'acme  inc', '--slug', 'other'])).toMatchObject({ code: 7 });
    expect(await ada.astroctl(['org', 'create', 'Other', '--slug', 'acme'])).toMatchObject({ code: 7 });
    await ada.run(`org set-role ${recorded.people.linus.email} viewer`);
    expect(await ada.run('org members')).toMatch(/linus@initech\.test .*viewer/);
  });

  it('has a log whose every stream is what was sealed, from its first event to those of now', async () => {
    const streams = Map.groupBy(await logOf(dataDir), ({ stream }: StoredEvent) => stream);
    expect(streams.size).toBeGreaterThan(50);
    for (const [stream, events] of streams)
      expect({ stream, ...verifyStream(events) }).toMatchObject({
        stream,
        ok: true,
        value: { revision: events.length - 1 },
      });
  });
});
