import {
  applicationEventsRequest,
  applicationStatusRequest,
  applyApplicationRequest,
  applyProfileRequest,
  deleteApplicationRequest,
  extendClaimRequest,
  registerClusterRequest,
  reportHealthRequest,
  rolloutQueue,
} from '#deployments/contract';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import { decodeText, encodeText } from '#vault';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { FakeWorker, type Item } from '../testing/fake-worker.service.ts';
import { entry, image, profile, registration } from '../testing/fixtures.ts';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.module.ts';
import { PendingAttemptsSweep } from './pending-attempts.sweep.ts';

let platform: TestPlatform;
let queue: WorkQueue;
let worker: FakeWorker;
const org = 'org-1';
const folder = temporaryFolder();
let opened = 0;

beforeEach(async () => {
  const own = `${folder}/${opened++}`;
  queue = await openEmbeddedWorkQueue({ folder: own, clock: systemClock, ids: systemIds, log: silentLogger });
  platform = await openTestPlatform(own, queue, {});
  worker = new FakeWorker(platform, queue);
  await platform.found(org, 'acme', { ada: 'owner' });
  await platform.ask(registerClusterRequest, { org, name: 'dev', manifest: registration('dev') }, ada());
  await platform.ask(applyProfileRequest, { org, name: 'staging', manifest: profile('staging') }, ada());
});
afterEach(async () => {
  await platform.close();
  await queue.close();
});

const ada = () => platform.person('ada', org);
const apply = (tag: string, name = 'web') =>
  platform.ask(applyApplicationRequest, { org, name, manifest: image(name, tag) }, ada());
const status = async () => {
  await platform.settled();
  const response = await platform.ask(applicationStatusRequest, { org, name: 'web' }, ada());
  return response.ok ? response.value : undefined;
};
const sweep = async () => {
  await platform.settled();
  await platform.app.get(PendingAttemptsSweep, { strict: false }).run(new AbortController().signal);
};
const terminals = async () => {
  const events = await platform.engines.events();
  return events
    .filter(({ type }) =>
      [
        'deployment.succeeded.v1',
        'deployment.failed.v1',
        'deployment.superseded.v1',
        'deployment.abandoned.v1',
      ].includes(type),
    )
    .map(({ type }) => type.split('.')[1]);
};
const anotherWorker = (name = 'worker-2') => new FakeWorker(platform, queue, name);
const extend = (item: Item, claim: number) =>
  platform.ask(extendClaimRequest, { ...item, claim }, platform.service('deploy-worker', org));

describe('attempts', () => {
  it('are granted to one worker, which gets the same claim when it repeats the request', async () => {
    await apply('1');
    const item = await worker.next();
    expect(await worker.claim(item)).toMatchObject({ granted: true, claim: 1 });
    expect(await worker.claim(item)).toMatchObject({ granted: true, claim: 1 });
    expect(await anotherWorker().claim(item)).toMatchObject({ granted: false, retryInMs: expect.any(Number) });
  });

  it('E12: are abandoned when the claim expires, and the next one continues from the recorded plan', async () => {
    await apply('1');
    const item = await worker.next();
    const { claim } = await worker.granted(item);
    await worker.plan(item, claim, [entry('Deployment', 'web'), entry('Service', 'web-app')]);
    platform.clock.shift(31_000);
    await sweep();
    expect(await extend(item, claim)).toMatchObject({ ok: false, error: { code: 'deployments/claim-lost' } });
    const next = await worker.next();
    expect(next.attemptId).not.toBe(item.attemptId);
    const second = anotherWorker();
    const granted = await second.granted(next);
    expect(granted.task).toMatchObject({
      revision: 1,
      attemptNumber: 2,
      recordedPlan: { rendered: 'rendered/1', digest: 'd1' },
      inventory: [{ kind: 'Deployment' }, { kind: 'Service' }],
    });
    await second.succeed(next, granted.claim, [entry('Deployment', 'web')]);
    expect(await worker.succeed(item, claim)).toMatchObject({ ok: false, error: { code: 'deployments/claim-lost' } });
    expect(await terminals()).toEqual(['abandoned', 'succeeded']);
    expect(await status()).toMatchObject({ status: 'RUNNING', attempt: { number: 2, state: 'SUCCEEDED' } });
  });

  it('are taken over immediately by a new incarnation of the same worker, with the earlier plan', async () => {
    await apply('1');
    const item = await worker.next();
    const { claim } = await worker.granted(item);
    await worker.plan(item, claim, [entry('Deployment', 'web')]);
    const restarted = new FakeWorker(platform, queue, 'worker-1', 'i-2');
    const granted = await restarted.granted(item);
    expect(granted).toMatchObject({ claim: 2, task: { attemptNumber: 1, recordedPlan: { digest: 'd1' } } });
    expect(await extend(item, claim)).toMatchObject({ ok: false, error: { code: 'deployments/claim-lost' } });
    expect(await restarted.succeed(item, granted.claim)).toMatchObject({ ok: true });
    expect(await terminals()).toEqual(['succeeded']);
  });

  it('end once, and a repeated end returns the same response', async () => {
    await apply('1');
    const item = await worker.next();
    const { claim } = await worker.granted(item);
    expect(await worker.succeed(item, claim)).toMatchObject({ ok: true });
    expect(await worker.fail(item, claim)).toMatchObject({ ok: true });
    expect(await terminals()).toEqual(['succeeded']);
    expect(await worker.claim(item)).toEqual({ granted: false, reason: 'the attempt has ended', retryInMs: null });
  });

  it('record an extension only after half of the lease', async () => {
    await apply('1');
    const item = await worker.next();
    const { claim } = await worker.granted(item);
    const count = async () => (await platform.engines.events()).length;
    const before = await count();
    expect(await extend(item, claim)).toMatchObject({ ok: true, value: { superseded: false } });
    expect(await count()).toBe(before);
    platform.clock.shift(16_000);
    await extend(item, claim);
    expect(await count()).toBe(before + 1);
    platform.clock.shift(29_000);
    await sweep();
    expect(await terminals()).toEqual([]);
  });

  it('E17: are superseded by a newer revision, which begins after a running attempt has ended', async () => {
    await apply('1');
    const first = await worker.next();
    const { claim } = await worker.granted(first);
    await apply('2');
    expect(await extend(first, claim)).toMatchObject({ value: { superseded: true } });
    await apply('3');
    expect(await terminals()).toEqual(['superseded']);
    const waiting = [await worker.next(), await worker.next()];
    const answers = [];
    for (const item of waiting) answers.push(await anotherWorker().claim(item));
    expect(answers).toEqual([
      { granted: false, reason: 'the attempt has ended', retryInMs: null },
      { granted: false, reason: expect.stringContaining('older attempt'), retryInMs: expect.any(Number) },
    ]);
    await worker.fail(first, claim, { applied: false });
    const [, newest] = waiting;
    if (!newest) throw new Error('nothing waits');
    expect(await anotherWorker().granted(newest)).toMatchObject({ task: { revision: 3 } });
  });

  it('F23: are enqueued again when the queue lost them, and claimed once', async () => {
    await apply('1');
    const lost = await worker.next(); // acknowledged, so the queue is empty
    expect(await queue.depth(rolloutQueue)).toBe(0);
    await sweep();
    const found = await worker.next();
    expect(found).toEqual(lost);
    await worker.granted(found);
    expect((await platform.engines.events()).filter(({ type }) => type === 'attempt.claimed.v1')).toHaveLength(1);
  });

  it('F24: fail as worker/lost after five claims without an end', async () => {
    await apply('1');
    for (let lost = 0; lost < 5; lost++) {
      const item = await worker.next();
      await new FakeWorker(platform, queue, `worker-${lost}`).granted(item);
      platform.clock.shift(31_000);
      await sweep();
    }
    expect(await status()).toMatchObject({ status: 'DEGRADED', code: 'worker/lost' });
    expect(await terminals()).toEqual(['abandoned', 'abandoned', 'abandoned', 'abandoned', 'failed']);
    await sweep();
    expect(await queue.depth(rolloutQueue)).toBe(0);
    expect(await apply('1')).toMatchObject({ value: { outcome: 'synced', application: { version: 'v1' } } });
  });

  it('F24: are not given a sixth time to a worker that the same work restarted five times', async () => {
    await apply('1');
    const item = await worker.next();
    for (let start = 1; start <= 5; start++)
      await new FakeWorker(platform, queue, 'worker-1', `i-${start}`).granted(item);
    expect(await new FakeWorker(platform, queue, 'worker-1', 'i-6').claim(item)).toMatchObject({
      granted: false,
      retryInMs: null,
    });
    expect(await status()).toMatchObject({ code: 'worker/lost' });
  });

  it('are ended in the application when only the worker has recorded the end', async () => {
    await apply('1');
    const item = await worker.next();
    const { claim } = await worker.granted(item);
    const { AttemptCloser } = await import('./attempt-closer.service.ts');
    const settle = platform.app.get(AttemptCloser, { strict: false });
    const end = settle.end.bind(settle);
    settle.end = () => Promise.reject(new Error('the process died'));
    await expect(worker.succeed(item, claim)).rejects.toThrow('the process died');
    settle.end = end;
    expect(await terminals()).toEqual([]);
    await sweep();
    expect(await terminals()).toEqual(['succeeded']);
  });

  it('E23: record changed health, and the same content repairs the application', async () => {
    await apply('1');
    await worker.deploy([entry('Deployment', 'web')]);
    const clusterId = String(
      (await platform.engines.events())
        .find(({ type }) => type === 'cluster.registered.v1')
        ?.stream.slice('cluster-'.length),
    );
    const item = {
      organizationId: org,
      applicationId: String(
        (await platform.engines.events())
          .find(({ type }) => type === 'application.configured.v1')
          ?.stream.slice('application-'.length),
      ),
    };
    const seen = (health: 'Degraded' | 'Healthy' | 'Missing', message: string) =>
      platform.ask(
        reportHealthRequest,
        { clusterId, applications: [{ ...item, health, message, code: null, replicas: '0/1', attemptNumber: null }] },
        platform.service('deploy-worker'),
      );
    await seen('Missing', 'Deployment/web is gone');
    await seen('Missing', 'Deployment/web is gone');
    expect(await status()).toMatchObject({ status: 'DEGRADED', health: 'Missing', message: 'Deployment/web is gone' });
    const lines = await platform.read(applicationEventsRequest, { org, name: 'web' }, ada());
    expect(lines.filter((line) => line.source === 'platform' && line.step === 'health-changed')).toHaveLength(1);
    expect(await apply('1')).toMatchObject({
      value: { outcome: 'synced', application: { version: 'v1', status: 'REQUESTED' } },
    });
    await worker.deploy([entry('Deployment', 'web')]);
    expect(await status()).toMatchObject({ status: 'RUNNING' });
  });

  it('E24: report a failure before the first write, and the next apply uses the same namespace', async () => {
    await apply('1');
    const item = await worker.next();
    const { claim } = await worker.granted(item);
    await worker.fail(item, claim, {
      code: 'deployments/namespace-terminating',
      message: 'namespace acme-web is terminating',
      applied: false,
    });
    expect(await status()).toMatchObject({ status: 'FAILED', code: 'deployments/namespace-terminating' });
    expect(await apply('1')).toMatchObject({
      value: { outcome: 'synced', application: { version: 'v1', targetNamespace: 'acme-web' } },
    });
    const again = await worker.next();
    expect((await worker.granted(again)).task).toMatchObject({ targetNamespace: 'acme-web', attemptNumber: 2 });
    expect((await platform.engines.events()).filter(({ type }) => type === 'namespace.claimed.v1')).toHaveLength(1);
  });

  it('E11: keep an application, its reason and its name when its deletion fails', async () => {
    await apply('1');
    await worker.deploy([entry('Deployment', 'web')]);
    await platform.ask(deleteApplicationRequest, { org, name: 'web' }, ada());
    const item = await worker.next();
    const { claim } = await worker.granted(item);
    await worker.fail(item, claim, {
      code: 'deployments/finalizer',
      message: 'Deployment/web waits for the finalizer x/y',
    });
    expect(await status()).toMatchObject({ status: 'DELETING', message: 'Deployment/web waits for the finalizer x/y' });
    await platform.ask(deleteApplicationRequest, { org, name: 'web' }, ada());
    expect((await worker.granted(await worker.next())).task).toMatchObject({
      kind: 'delete',
      resolved: null,
      inventory: [{ kind: 'Deployment' }],
    });
  });
});

describe('use-D11: an attempt with thousands of objects', () => {
  it('stores its inventory in the vault if it is too large for a message, and completely in the log', async () => {
    await apply('1');
    const item = await worker.next();
    const { claim } = await worker.granted(item);
    const inventory = Array.from({ length: 4_500 }, (_, index) => entry('ConfigMap', `${'n'.repeat(200)}-${index}`));
    const inventoryRecord = `rendered/${org}/${item.applicationId}/inventory-1`;
    const missing = { rendered: 'r', digest: 'd', changes: [], warnings: [], inventory: [], inventoryRecord };
    expect(await worker.report(item, claim, { step: 'planned', plan: missing })).toMatchObject({
      error: { code: 'deployments/record-incomplete' },
    });
    await platform.engines.vault.put(inventoryRecord, encodeText(JSON.stringify(inventory)));
    const plan = { ...missing, changeCount: 4_500 };
    expect(await worker.report(item, claim, { step: 'planned', plan })).toMatchObject({ ok: true });
    await worker.succeed(item, claim, [], { inventoryRecord });
    await apply('2');
    const { task } = await worker.granted(await worker.next());
    expect(task.inventory).toEqual([]);
    const record = await platform.engines.vault.get(task.inventoryRecord ?? '');
    expect(JSON.parse(decodeText(record?.value ?? new Uint8Array()))).toHaveLength(4_500);
  });
});
