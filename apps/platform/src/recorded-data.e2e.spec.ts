import { jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { verifyStream, type StoredEvent } from '#event-store';
import { call, eventually, runProgram, temporaryFolder, type Machine } from '#testing';
import { formOfName, logOf, vaultNames } from '#testing/log';
import {
  expectAnswers,
  RECORDED_RELEASES,
  recordedBy,
  startOnRecorded,
  unpackData,
  type RecordedObject,
  type StartedOnRecorded,
} from './recorded-data.fixture.ts';

jest.setTimeout(300_000);

const meSchema = z.looseObject({ userId: z.string() });
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

/** Added to objects by later releases, but to no selector. */
const ADDED_LABELS = ['app.kubernetes.io/instance', 'app.kubernetes.io/version'];

/** Kinds of records that the recorded releases did not have. */
const ADDED_FORMS = ['audit-signing-key/{}', 'origins/{}/key', 'origins/{}/{}', 'rendered/{}/{}/preview'];

describe.each(RECORDED_RELEASES)('the data folder that release %s wrote', (release) => {
  const recorded = recordedBy(release);
  const dataDir = unpackData(release);
  const home = temporaryFolder();
  const graceHome = temporaryFolder();
  const newHome = temporaryFolder();
  const { admin, grace, linus } = recorded.people;
  let before: readonly string[];
  let started: StartedOnRecorded;
  let ada: Machine;
  let occupier: Server;

  const userOf = async (credential: string): Promise<string> => {
    const { status, body } = await call(started.url, 'GET /v1/me', { credential });
    expect(status).toBe(200);
    return meSchema.parse(body).userId;
  };
  const field = async (name: string, key: string) => (await ada.run(`app status ${name} --field ${key}`)).trim();
  const objectsOf = async (org: keyof typeof recorded.objects): Promise<readonly RecordedObject[]> => {
    const shown = await ada.kubectl(['--context', org, 'get', 'deployments,services', '-A', '-o', 'json']);
    expect(shown).toMatchObject({ code: 0 });
    return objectListSchema.parse(JSON.parse(shown.stdout)).items.map(({ kind, metadata, spec }) => {
      const { namespace, name, uid, labels: all } = metadata;
      const labels = Object.fromEntries(Object.entries(all).filter(([key]) => !ADDED_LABELS.includes(key)));
      return { kind, namespace, name, uid, labels, selector: spec?.selector };
    });
  };

  beforeAll(async () => {
    // One of the ports that the data names for sandboxes is in use, the other is not.
    occupier = createServer().on('error', () => {});
    occupier.listen(Number(readFileSync(join(dataDir, 'sandbox', 'port-0'), 'utf8')), '127.0.0.1');
    before = await vaultNames(dataDir);
    started = await startOnRecorded(release, dataDir, home);
    ({ ada } = started);
  });
  afterAll(async () => {
    await started.stop();
    occupier.close();
  });

  it('keeps the login of a machine and its configuration', async () => {
    const whoami = await ada.astroctl(['whoami']);
    expect(whoami).toMatchObject({ code: 0, stderr: '' });
    expect(whoami.stdout).toContain(admin.userId);
    expect(whoami.stdout).toContain(admin.email);
    expect(await ada.run('org list -o name')).toContain('acme');
  });

  it('accepts the recorded keys and no others', async () => {
    const { owner, editor, viewer, revoked, expired } = recorded.keys;
    expect(await Promise.all([owner, editor, viewer].map(userOf))).toEqual([admin.userId, linus.userId, grace.userId]);
    for (const credential of [revoked, expired, `${viewer.slice(0, -1)}~`])
      expect(await call(started.url, 'GET /v1/me', { credential })).toMatchObject({ status: 401 });
  });

  it('identifies people with an account as the same users', async () => {
    expect(await started.login(admin, 'initech')).toMatchObject({ code: 0 });
    const { accessToken, organizations } = started.configuration();
    expect(await userOf(accessToken)).toBe(admin.userId);
    expect(organizations.toSorted()).toEqual([admin.organization.slug, 'acme', 'initech'].toSorted());
    const other = started.machineOf(graceHome);
    expect(await other.login(grace.email, grace.password)).toMatchObject({ code: 0 });
    expect(await other.run('whoami')).toContain(grace.userId);
    await ada.run('org use acme');
  });

  it('finds the clusters and all that is on them', async () => {
    for (const org of ['acme', 'initech'])
      await eventually(async () =>
        expect(await ada.run(`clusters get sandbox --org ${org}`)).toMatch(/^state: +READY$/m),
      );
    await expectAnswers(recorded, started);
  });

  it('completes a rollout that was in progress', async () => {
    // The time since the recording counts against progressDeadlineSeconds. If the pods become ready late, the attempt fails
    // first, and the revision is healthy afterwards.
    await eventually(async () =>
      expect([await field('underway', 'status'), await field('underway', 'version')]).toEqual(['RUNNING', 'v1']),
    );
  });

  it('has the same objects on the clusters', async () => {
    for (const org of ['acme', 'initech'] as const) {
      await ada.run(`clusters set-context sandbox --name ${org} --org ${org}`);
      expect(await objectsOf(org)).toEqual(recorded.objects[org]);
    }
  });

  it.each(['acme/api', 'acme/raw', 'initech/site'] as const)(
    'has %s unchanged when it is applied again',
    async (which) => {
      const [org, name] = which.split('/');
      expect(await ada.run(`app apply -f - --org ${org}`, recorded.manifests[which])).toBe(
        `application/${name} unchanged\n`,
      );
    },
  );

  it('updates the existing objects of a changed application', async () => {
    // That release accepted three pods on a volume for one writer, which a real cluster cannot run.
    const later = recorded.manifests['acme/web'].replace('1.2.0', '1.3.0');
    await expect(ada.run('app apply -f -', later)).rejects.toThrow(
      'spec.source.image.replicas must be 1 with the volume data',
    );
    const changed = later.replace('replicas: 3', 'replicas: 1');
    expect(await ada.run('app apply -f - --wait', changed)).toBe('application/web configured\n');
    expect([await field('web', 'status'), await field('web', 'version')]).toEqual(['RUNNING', 'v5']);
    expect(await field('web', 'sourceRef')).toContain('web:1.3.0');
    expect(await ada.run('app apply -f -', changed)).toBe('application/web unchanged\n');
    const raw = recorded.manifests['acme/raw'].replace('second', 'third');
    expect(await ada.run('app apply -f - --wait', raw)).toBe('application/raw configured\n');
    expect(await objectsOf('acme')).toEqual(recorded.objects.acme);
  });

  it('can roll back to a recorded revision', async () => {
    await ada.run('app rollback web --to v1 -y');
    await ada.run('app wait web');
    expect(await field('web', 'sourceRef')).toContain('web:1.0.0');
    expect([await field('web', 'version'), await field('web', 'sync')]).toEqual(['v6', 'Pinned']);
    expect(await objectsOf('acme')).toEqual(recorded.objects.acme);
  });

  it('can delete a recorded application with its objects, and keeps its history', async () => {
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
    await ada.run(`org set-role ${linus.email} viewer`);
    expect(await ada.run('org members')).toMatch(/linus@initech\.test .*viewer/);
  });

  it('has a log with intact seals in all streams, from the first event on', async () => {
    const streams = Map.groupBy(await logOf(dataDir), ({ stream }: StoredEvent) => stream);
    expect(streams.size).toBeGreaterThan(50);
    for (const [stream, events] of streams) {
      const verified = verifyStream(events);
      expect({ stream, ...verified }).toMatchObject({ stream, ok: true, value: { revision: events.length - 1 } });
    }
  });

  it('names records of the vault as that release did', async () => {
    await ada.run('app profile apply -f -', 'profileName: fresh\nclusterName: sandbox\n');
    const account = ['--import', './tools/typescript.mjs', 'tools/admin/account.ts', 'new@acme.test', 'New'];
    const made = await runProgram(process.execPath, account, {
      input: 'password-of-now\n',
      environment: { ASTRO_DATA_DIR: dataDir },
    });
    expect(made).toMatchObject({ code: 0 });
    expect(await started.machineOf(newHome).login('new@acme.test', 'password-of-now')).toMatchObject({ code: 0 });
    const written = (await vaultNames(dataDir)).filter((name) => !before.includes(name)).map(formOfName);
    const kinds = new Set(written.map((form) => form.split('/')[0]));
    const expected = ['manifest', 'resolved', 'rendered', 'profile', 'oidc', 'issuer', 'person', 'address'];
    expect([...kinds]).toEqual(expect.arrayContaining(expected));
    const known = [...recorded.vaultForms, ...ADDED_FORMS];
    expect(written.filter((form) => !known.includes(form))).toEqual([]);
  });
});
