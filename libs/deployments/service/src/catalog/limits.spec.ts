import {
  applyApplicationRequest,
  applyProfileRequest,
  catalogUsageRequest,
  deleteApplicationRequest,
  getApplicationRequest,
  pauseApplicationRequest,
  registerClusterRequest,
  restartApplicationRequest,
  resumeApplicationRequest,
  rollbackRequest,
  setCatalogLimitsRequest,
  syncApplicationRequest,
} from '#deployments/contract';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { ApplicationChangesReactor } from '../applications/application-changes.reactor.ts';
import { NameRelease } from '../applications/name-release.service.ts';
import { FakeWorker } from '../testing/fake-worker.service.ts';
import { image, profile, registration } from '../testing/fixtures.ts';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.module.ts';
import { catalogDecider, catalogStream } from './catalog.decider.ts';

let platform: TestPlatform;
let queue: WorkQueue;
const org = 'org-1';
const folder = temporaryFolder();
let opened = 0;

beforeEach(async () => {
  const own = `${folder}/${opened++}`;
  queue = await openEmbeddedWorkQueue({ folder: own, clock: systemClock, ids: systemIds, log: silentLogger });
  platform = await openTestPlatform(own, queue, {});
  await platform.found(org, 'acme', { ada: 'owner' });
  await platform.ask(registerClusterRequest, { org, name: 'dev', manifest: registration('dev') }, ada());
  await platform.ask(applyProfileRequest, { org, name: 'staging', manifest: profile('staging') }, ada());
});
afterEach(async () => {
  await platform.close();
  await queue.close();
});

const ada = () => platform.person('ada', org);
const apply = (name: string, tag = '1') =>
  platform.ask(applyApplicationRequest, { org, name, manifest: image(name, tag) }, ada());
const remove = (name: string) => platform.ask(deleteApplicationRequest, { org, name }, ada());
const limits = (applications: number, deploymentsPerDay = 1_000) =>
  platform.ask(
    setCatalogLimitsRequest,
    { organizationId: org, applications, profiles: 5, clusters: 2, deploymentsPerDay },
    platform.service('billing', org),
  );
const catalog = async () => {
  const loaded = await platform.engines.commands.load(catalogDecider, catalogStream(org));
  if (!loaded.ok) throw new Error(loaded.error.code);
  return loaded.value.state;
};

describe('limits of a plan', () => {
  it('A18: allow exactly one of 50 parallel creates at limit - 1; the others report limit, use and plan', async () => {
    await limits(3);
    await apply('one');
    await apply('two');
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => apply(`app-${index}`)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    for (const response of answers.filter(({ ok }) => !ok)) {
      expect(response).toMatchObject({
        error: {
          code: 'billing/application-limit',
          kind: 'limit',
          extra: { limit: 3, used: 3, plan: 'developer', pricingUrl: 'https://docs.astro.example/plans' },
        },
      });
    }
    expect((await catalog()).entries.application.size).toBe(3);
  });

  it.each([
    [
      'profile',
      'profiles',
      (name: string) => platform.ask(applyProfileRequest, { org, name, manifest: profile(name) }, ada()),
    ],
    [
      'cluster',
      'clusters',
      (name: string) => platform.ask(registerClusterRequest, { org, name, manifest: registration(name) }, ada()),
    ],
    ['application', 'applications', (name: string) => apply(name)],
    ['deployments-per-day', 'deploymentsPerDay', (name: string) => apply('web', name)],
  ] as const)('A18: of %s admit exactly one of 20 parallel requests at limit - 1', async (kind, limit, create) => {
    const set = (allowed: number) =>
      platform.ask(
        setCatalogLimitsRequest,
        {
          organizationId: org,
          applications: 50,
          profiles: 50,
          clusters: 50,
          deploymentsPerDay: 1_000,
          [limit]: allowed,
        },
        platform.service('billing', org),
      );
    await apply('web', 'first');
    const used = kind === 'deployments-per-day' ? 1 : [...(await catalog()).entries[kind].values()].length;
    expect(await set(used + 2)).toMatchObject({ ok: true });
    expect(await create('below-the-limit')).toMatchObject({ ok: true });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => create(`race-${index}`)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    for (const response of answers)
      if (!response.ok)
        expect(response.error).toMatchObject({
          code: `billing/${kind}-limit`,
          kind: 'limit',
          extra: {
            limit: used + 2,
            used: used + 2,
            plan: 'developer',
            pricingUrl: 'https://docs.astro.example/plans',
          },
        });
  });

  it('are never exceeded nor counted by a rollback, restart, pause, resume, sync, or deletion', async () => {
    const worker = new FakeWorker(platform, queue);
    await limits(10, 2);
    for (const tag of ['1', '2']) {
      await apply('web', tag);
      await worker.deploy();
    }
    expect(await apply('web', '3')).toMatchObject({ error: { code: 'billing/deployments-per-day-limit' } });
    const before = (await catalog()).deployments;
    const named = { org, name: 'web' };
    const results = [
      await platform.ask(restartApplicationRequest, named, ada()),
      (await worker.deploy(), await platform.ask(syncApplicationRequest, named, ada())),
      (await worker.deploy(), await platform.ask(rollbackRequest, { ...named, to: 1 }, ada())),
      (await worker.deploy(), await platform.ask(pauseApplicationRequest, named, ada())),
      await platform.ask(resumeApplicationRequest, named, ada()),
      await remove('web'),
    ];
    expect(results.map(({ ok }) => ok)).toEqual(results.map(() => true));
    expect((await catalog()).deployments).toBe(before);
  });

  it('are used by applications, profiles, clusters, and the deployments of today, which are listed', async () => {
    const usage = async () => {
      await platform.settled();
      const asked = await platform.ask(catalogUsageRequest, { organizationId: org }, platform.service('billing', org));
      if (!asked.ok) throw new Error(asked.error.code);
      return asked.value;
    };
    const worker = new FakeWorker(platform, queue);
    for (const tag of ['1', '2']) {
      await apply('web', tag);
      await worker.deploy();
    }
    await apply('api');
    await worker.deploy();
    await platform.ask(rollbackRequest, { org, name: 'web', to: 1 }, ada());
    await worker.deploy();
    await remove('api');
    await worker.deploy();
    const listed = { at: expect.any(String), by: 'ada@acme.dev' };
    expect(await usage()).toEqual({
      applications: 1,
      profiles: 1,
      clusters: 1,
      deploymentsPerDay: 3,
      deployments: [
        { ...listed, application: 'api', version: 'v1' },
        { ...listed, application: 'web', version: 'v2' },
        { ...listed, application: 'web', version: 'v1' },
      ],
    });
    platform.clock.shift(24 * 3_600_000);
    expect(await usage()).toMatchObject({ applications: 1, deploymentsPerDay: 0, deployments: [] });
  });

  it('are reported with the current use and the people who can help', async () => {
    await limits(1);
    await apply('web');
    expect(await apply('search')).toMatchObject({
      ok: false,
      error: {
        detail: 'acme uses 1 of the 1 applications of plan developer; application/search was not created.',
        fix: 'delete one (astroctl app get), or compare plans and ask owner ada@acme.dev: astroctl org plan list',
      },
    });
  });

  it('F22: 25 interleaved creates and deletes leave one holder per name and free all released names', async () => {
    await limits(30);
    for (let index = 0; index < 25; index++) await apply(`old-${index}`);
    const worker = new FakeWorker(platform, queue);
    for (let index = 0; index < 25; index++) await worker.deploy();
    const deleting = (async () => {
      for (let index = 0; index < 25; index++) expect(await remove(`old-${index}`)).toMatchObject({ ok: true });
    })();
    const working = (async () => {
      for (let done = 0; done < 50; done++) await worker.deploy(); // 25 deletions, and 25 first deployments among them
    })();
    // Each create is retried until a deletion makes room. The limit is never exceeded.
    const creating = Promise.all(
      Array.from({ length: 25 }, async (_, index) => {
        for (;;) {
          const response = await apply(`new-${index}`);
          expect((await catalog()).entries.application.size).toBeLessThanOrEqual(30);
          if (response.ok) return;
          expect(response.error.code).toBe('billing/application-limit');
          await new Promise(setImmediate);
        }
      }),
    );
    await Promise.all([deleting, working, creating]);
    const names = [...(await catalog()).entries.application.keys()].sort();
    expect(names).toEqual(Array.from({ length: 25 }, (_, index) => `new-${index}`).sort());
    expect(await apply('old-0')).toMatchObject({ ok: true, value: { outcome: 'created' } });
  });

  it('A19: reject limits below the current use, list what exceeds them, and change nothing', async () => {
    await apply('one');
    await apply('two');
    expect(await limits(1)).toMatchObject({
      ok: false,
      error: {
        code: 'deployments/limits-below-use',
        extra: { over: [{ limit: 'applications', used: 2, allowed: 1 }] },
      },
    });
    expect((await catalog()).limits.applications).toBe(10);
  });

  it('count deployments per day, but not deletions', async () => {
    await limits(10, 2);
    await apply('web', '1');
    await apply('web', '2');
    expect(await apply('web', '3')).toMatchObject({
      ok: false,
      error: { code: 'billing/deployments-per-day-limit', kind: 'limit' },
    });
    expect(await apply('web', '2')).toMatchObject({ ok: true, value: { outcome: 'unchanged' } });
    expect(await remove('web')).toMatchObject({ ok: true });
    platform.clock.shift(24 * 3_600_000);
    expect(await apply('api', '1')).toMatchObject({ ok: true });
  });
});

describe('F21: a crash between the catalog and the application', () => {
  const cutCreation = async (name: string) => {
    const { eventStore } = platform.engines;
    const append = eventStore.append.bind(eventStore);
    eventStore.append = (...args) =>
      args[0].startsWith('namespaces-') ? Promise.reject(new Error('the process died')) : append(...args);
    await expect(apply(name)).rejects.toThrow('the process died');
    eventStore.append = append;
    await platform.settled();
  };
  const get = async (name: string) => platform.ask(getApplicationRequest, { org, name }, ada());

  it('leaves an application that can be read and applied again', async () => {
    await cutCreation('web');
    expect(await get('web')).toMatchObject({ ok: true, value: { status: 'REQUESTED', version: 'v0' } });
    expect(await apply('web')).toMatchObject({
      ok: true,
      value: { outcome: 'created', application: { version: 'v1' } },
    });
  });

  it('leaves an application that can be deleted', async () => {
    await cutCreation('web');
    expect(await remove('web')).toMatchObject({ ok: true, value: { attemptId: null } });
    await platform.settled();
    expect(await get('web')).toMatchObject({ ok: false });
    expect(await apply('web')).toMatchObject({ ok: true, value: { outcome: 'created' } });
  });

  it('leaves a creation that the next process completes', async () => {
    await cutCreation('web');
    await platform.resumed(ApplicationChangesReactor);
    expect(await get('web')).toMatchObject({
      ok: true,
      value: { status: 'REQUESTED', version: 'v1', deployedBy: 'ada@acme.dev' },
    });
    expect(await apply('web')).toMatchObject({ ok: true, value: { outcome: 'unchanged' } });
  });

  it('leaves a deletion that the next process completes, or a request for the same name', async () => {
    for (const name of ['web', 'api']) {
      await apply(name);
      const worker = new FakeWorker(platform, queue);
      await worker.deploy();
      await remove(name);
      const release = platform.app.get(NameRelease, { strict: false });
      const whole = release.release.bind(release);
      release.release = () => Promise.reject(new Error('the process died'));
      await expect(worker.deploy()).rejects.toThrow('the process died');
      release.release = whole;
    }
    expect(await apply('web')).toMatchObject({ ok: true, value: { outcome: 'created' } });
    await platform.resumed(ApplicationChangesReactor);
    expect([...(await catalog()).entries.application.keys()]).toEqual(['web']);
  });
});
