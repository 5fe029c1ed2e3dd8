import {
  applyApplicationRequest,
  applyProfileRequest,
  deleteApplicationRequest,
  getApplicationRequest,
  registerClusterRequest,
  setCatalogLimitsRequest,
} from '#deployments/contract';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { Deployer } from '../applications/deployer.handlers.ts';
import { Release } from '../applications/release.handlers.ts';
import { UnfinishedSweep } from '../shared/unfinished.reactor.ts';
import { FakeWorker } from '../testing/fake-worker.handlers.ts';
import { image, profile, registration } from '../testing/fixtures.ts';
import { openHouse, type House } from '../testing/house.module.ts';
import { catalogDecider, catalogStream } from './catalog.decider.ts';

let house: House;
let queue: WorkQueue;
const org = 'org-1';
const folder = temporaryFolder();
let opened = 0;

beforeEach(async () => {
  const own = `${folder}/${opened++}`;
  queue = await openEmbeddedWorkQueue({ folder: own, clock: systemClock, ids: systemIds, log: silentLogger });
  house = await openHouse(own, queue, {});
  await house.found(org, 'acme', { ada: 'owner' });
  await house.ask(registerClusterRequest, { org, name: 'dev', manifest: registration('dev') }, ada());
  await house.ask(applyProfileRequest, { org, name: 'staging', manifest: profile('staging') }, ada());
});
afterEach(async () => {
  await house.close();
  await queue.close();
});

const ada = () => house.person('ada', org);
const apply = (name: string, tag = '1') =>
  house.ask(applyApplicationRequest, { org, name, manifest: image(name, tag) }, ada());
const remove = (name: string) => house.ask(deleteApplicationRequest, { org, name }, ada());
const limits = (applications: number, deploymentsPerDay = 1_000) =>
  house.ask(
    setCatalogLimitsRequest,
    { organizationId: org, applications, profiles: 5, clusters: 2, deploymentsPerDay },
    house.service('billing', org),
  );
const catalog = async () => {
  const loaded = await house.engines.commands.load(catalogDecider, catalogStream(org));
  if (!loaded.ok) throw new Error(loaded.error.code);
  return loaded.value.state;
};

describe('limits of a plan', () => {
  it('A18: of 50 parallel creates at limit - 1 exactly one succeeds, the others say limit, use and plan', async () => {
    await limits(3);
    await apply('one');
    await apply('two');
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => apply(`app-${index}`)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    for (const answer of answers.filter(({ ok }) => !ok)) {
      expect(answer).toMatchObject({
        error: {
          code: 'billing/application-limit',
          kind: 'limit',
          extra: { limit: 3, used: 3, plan: 'developer', pricingUrl: 'https://docs.astro.example/plans' },
        },
      });
    }
    expect((await catalog()).entries.application.size).toBe(3);
  });

  it('T9: says who uses what, and who may help', async () => {
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

  it('F22: 25 creates and 25 deletes interleaved leave one owner for each name and every released name free', async () => {
    await limits(30);
    for (let index = 0; index < 25; index++) await apply(`old-${index}`);
    const worker = new FakeWorker(house, queue);
    for (let index = 0; index < 25; index++) await worker.deploy();
    const deleting = (async () => {
      for (let index = 0; index < 25; index++) expect(await remove(`old-${index}`)).toMatchObject({ ok: true });
    })();
    const working = (async () => {
      for (let done = 0; done < 50; done++) await worker.deploy(); // 25 deletions, and 25 first deployments between them
    })();
    // Each is tried until a deletion makes room: never more than the limit at any moment.
    const creating = Promise.all(
      Array.from({ length: 25 }, async (_, index) => {
        for (;;) {
          const answer = await apply(`new-${index}`);
          expect((await catalog()).entries.application.size).toBeLessThanOrEqual(30);
          if (answer.ok) return;
          expect(answer.error.code).toBe('billing/application-limit');
          await new Promise(setImmediate);
        }
      }),
    );
    await Promise.all([deleting, working, creating]);
    const names = [...(await catalog()).entries.application.keys()].sort();
    expect(names).toEqual(Array.from({ length: 25 }, (_, index) => `new-${index}`).sort());
    expect(await apply('old-0')).toMatchObject({ ok: true, value: { outcome: 'created' } });
  });

  it('A19: limits below use are refused with what is over, and nothing is changed', async () => {
    await apply('one');
    await apply('two');
    expect(await limits(1)).toMatchObject({ ok: true, value: { over: ['applications 2/1'] } });
    expect((await catalog()).limits.applications).toBe(10);
  });

  it('counts deployments of a day, and never a deletion', async () => {
    await limits(10, 2);
    await apply('web', '1');
    await apply('web', '2');
    expect(await apply('web', '3')).toMatchObject({
      ok: false,
      error: { code: 'billing/deployments-per-day-limit', kind: 'limit' },
    });
    expect(await apply('web', '2')).toMatchObject({ ok: true, value: { outcome: 'unchanged' } });
    expect(await remove('web')).toMatchObject({ ok: true });
    house.clock.shift(24 * 3_600_000);
    expect(await apply('api', '1')).toMatchObject({ ok: true });
  });
});

describe('F21: a crash between the catalog and the application', () => {
  const cutCreation = async (name: string) => {
    const deployer = house.app.get(Deployer, { strict: false });
    const whole = deployer.finishCreation.bind(deployer);
    deployer.finishCreation = () => Promise.reject(new Error('the process died'));
    await expect(apply(name)).rejects.toThrow('the process died');
    deployer.finishCreation = whole;
    await house.settled();
  };
  const sweep = async () => {
    house.clock.shift(60_000);
    await house.settled();
    await house.app.get(UnfinishedSweep, { strict: false }).run(new AbortController().signal);
    await house.settled();
  };
  const get = async (name: string) => house.ask(getApplicationRequest, { org, name }, ada());

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
    await house.settled();
    expect(await get('web')).toMatchObject({ ok: false });
    expect(await apply('web')).toMatchObject({ ok: true, value: { outcome: 'created' } });
  });

  it('is finished by the sweep', async () => {
    await cutCreation('web');
    await sweep();
    expect(await get('web')).toMatchObject({
      ok: true,
      value: { status: 'REQUESTED', version: 'v1', deployedBy: 'ada@acme.dev' },
    });
    expect(await apply('web')).toMatchObject({ ok: true, value: { outcome: 'unchanged' } });
  });

  it('on the way out is finished by the sweep, or by whoever wants the name', async () => {
    for (const name of ['web', 'api']) {
      await apply(name);
      const worker = new FakeWorker(house, queue);
      await worker.deploy();
      await remove(name);
      const release = house.app.get(Release, { strict: false });
      const whole = release.release.bind(release);
      release.release = () => Promise.reject(new Error('the process died'));
      await expect(worker.deploy()).rejects.toThrow('the process died');
      release.release = whole;
    }
    expect(await apply('web')).toMatchObject({ ok: true, value: { outcome: 'created' } });
    await sweep();
    expect([...(await catalog()).entries.application.keys()]).toEqual(['web']);
  });
});
