import {
  applicationEventsRequest,
  applicationStatusRequest,
  applyApplicationRequest,
  applyProfileRequest,
  deployedObjectsRequest,
  listRevisionsRequest,
  observedClustersRequest,
  pauseApplicationRequest,
  registerClusterRequest,
  reportHealthRequest,
  restartApplicationRequest,
  resumeApplicationRequest,
  rollbackRequest,
  syncApplicationRequest,
} from '#deployments/contract';
import { reply } from '#bus';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { temporaryFolder } from '#testing';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';
import { FakeWorker } from '../testing/fake-worker.service.ts';
import { entry, image, profile, registration } from '../testing/fixtures.ts';
import { openTestPlatform, type TestPlatform } from '../testing/test-platform.module.ts';

const org = 'org-1';
const folder = temporaryFolder();
let platform: TestPlatform;
let queue: WorkQueue;
let worker: FakeWorker;
let opened = 0;
/** What a check of the cluster finds. */
let live: 'Synced' | 'OutOfSync' = 'Synced';
let clusterId: string;

beforeEach(async () => {
  live = 'Synced';
  const own = `${folder}/${opened++}`;
  queue = await openEmbeddedWorkQueue({ folder: own, clock: systemClock, ids: systemIds, log: silentLogger });
  platform = await openTestPlatform(own, queue, {
    'deploy-worker.v1.applications.resources': () =>
      reply({
        items: [
          {
            kind: 'Deployment',
            namespace: null,
            name: 'web',
            health: 'Healthy',
            sync: live,
            message: null,
            createdAt: null,
          },
        ],
      }),
  });
  worker = new FakeWorker(platform, queue);
  await platform.found(org, 'acme', { ada: 'owner', eve: 'viewer' });
  await platform.ask(registerClusterRequest, { org, name: 'dev', manifest: registration('dev') }, ada());
  await platform.ask(applyProfileRequest, { org, name: 'staging', manifest: profile('staging') }, ada());
});
afterEach(async () => {
  await platform.close();
  await queue.close();
});

const ada = (more = {}) => platform.person('ada', org, more);
const apply = (tag = '1.0') =>
  platform.ask(applyApplicationRequest, { org, name: 'web', manifest: image('web', tag) }, ada());
const status = async () => {
  await platform.settled();
  const response = await platform.ask(applicationStatusRequest, { org, name: 'web' }, ada());
  if (!response.ok) throw new Error(response.error.code);
  return response.value;
};
const deployed = async () => {
  await apply();
  const item = await worker.deploy([entry('Deployment', 'web')]);
  await platform.settled();
  const observed = await platform.ask(
    observedClustersRequest,
    { observer: 'o' },
    platform.service('deploy-worker', org),
  );
  if (!observed.ok) throw new Error(observed.error.code);
  clusterId = observed.value.clusters[0]?.connection.clusterId ?? '';
  return { ...item, observed: observed.value };
};
const report = async (applicationId: string, more: object = {}) => {
  const application = {
    organizationId: org,
    applicationId,
    health: 'Healthy',
    message: '',
    code: null,
    replicas: '1/1',
  };
  const input = { clusterId, applications: [{ ...application, attemptNumber: 1, sync: 'Synced', ...more }] };
  const parsed = reportHealthRequest.input.parse(input);
  return platform.ask(reportHealthRequest, parsed, platform.service('deploy-worker', org));
};
const drift = [{ what: 'Deployment/web was changed by kubectl', fields: ['spec.replicas'] }];

describe('use-D1: drift', () => {
  it('is shown in status and events; the same manifest deploys the same revision again', async () => {
    const { applicationId } = await deployed();
    expect(await status()).toMatchObject({ status: 'RUNNING', sync: 'Synced' });
    await report(applicationId, { sync: 'OutOfSync', drift });
    expect(await status()).toMatchObject({
      status: 'RUNNING',
      sync: 'OutOfSync',
      message: 'Deployment/web was changed by kubectl',
    });
    const events = await platform.read(applicationEventsRequest, { org, name: 'web' }, ada());
    expect(events.at(-1)).toMatchObject({
      step: 'health-changed',
      message: 'Healthy; Deployment/web was changed by kubectl: spec.replicas',
    });

    expect(await apply()).toMatchObject({ value: { outcome: 'synced', application: { version: 'v1' } } });
    await worker.deploy([entry('Deployment', 'web')]);
    expect(await status()).toMatchObject({ status: 'RUNNING', sync: 'Synced', version: 'v1', attempt: { number: 2 } });
    expect(await apply()).toMatchObject({ value: { outcome: 'unchanged' } });
  });

  it('is found by an apply that checks the cluster, before an observer reports it', async () => {
    await deployed();
    live = 'OutOfSync';
    expect(await apply()).toMatchObject({ value: { outcome: 'synced' } });
  });

  it('ends with app sync', async () => {
    await deployed();
    expect(await platform.ask(syncApplicationRequest, { org, name: 'web' }, ada())).toMatchObject({
      value: { changed: true, application: { version: 'v1', status: 'REQUESTED', attempt: { number: 2 } } },
    });
    expect(await platform.ask(syncApplicationRequest, { org, name: 'web' }, ada())).toMatchObject({
      value: { changed: false, attemptId: null },
    });
    expect(await platform.ask(syncApplicationRequest, { org, name: 'nope' }, ada())).toMatchObject({
      error: { code: 'deployments/application-not-found' },
    });
  });

  it('is reported again by the observer when a rollout kept it from being recorded', async () => {
    const { applicationId } = await deployed();
    await platform.ask(syncApplicationRequest, { org, name: 'web' }, ada());
    expect(await report(applicationId, { attemptNumber: 2, sync: 'OutOfSync', drift })).toMatchObject({
      value: { again: [applicationId] },
    });
    await worker.deploy([entry('Deployment', 'web')]);
    expect(await report(applicationId, { attemptNumber: 2, sync: 'OutOfSync', drift })).toMatchObject({
      value: { again: [] },
    });
    expect(await status()).toMatchObject({ sync: 'OutOfSync' });
  });
});

describe('use-D1: restart, pause and resume', () => {
  it('passes the time of a restart to the worker', async () => {
    await deployed();
    await platform.ask(restartApplicationRequest, { org, name: 'web' }, ada());
    const { task } = await worker.granted(await worker.next());
    expect(task).toMatchObject({ revision: 1, attemptNumber: 2, restart: expect.stringMatching(/^20.*Z$/) });
  });

  it('records a revision while paused and deploys it when resumed', async () => {
    await deployed();
    await platform.ask(pauseApplicationRequest, { org, name: 'web' }, ada());
    expect(await status()).toMatchObject({ status: 'PAUSED', health: 'Healthy' });
    expect(await apply('2.0')).toMatchObject({
      value: { outcome: 'configured', attemptId: null, application: { version: 'v2', status: 'PAUSED' } },
    });
    expect(await status()).toMatchObject({ status: 'PAUSED', version: 'v2', sync: 'OutOfSync', servingVersion: 'v1' });
    expect(await platform.ask(resumeApplicationRequest, { org, name: 'web' }, ada())).toMatchObject({
      value: { changed: true, attemptId: expect.any(String) },
    });
    await worker.deploy([entry('Deployment', 'web')]);
    expect(await status()).toMatchObject({ status: 'RUNNING', version: 'v2', sync: 'Synced' });
  });

  it('shows Pinned after a rollback until it is resumed', async () => {
    await deployed();
    await apply('2.0');
    await worker.deploy([entry('Deployment', 'web')]);
    await platform.ask(rollbackRequest, { org, name: 'web' }, ada());
    await worker.deploy([entry('Deployment', 'web')]);
    expect(await status()).toMatchObject({ sync: 'Pinned', version: 'v3' });
    await platform.ask(resumeApplicationRequest, { org, name: 'web' }, ada());
    expect(await status()).toMatchObject({ sync: 'Synced', status: 'RUNNING', version: 'v3' });
  });
});

describe('use-D2: an inventory that is missing from the cluster', () => {
  it('can be read from the log: the attempt that deployed, and its objects', async () => {
    const { applicationId, observed } = await deployed();
    expect(observed.clusters[0]?.applications).toEqual([{ applicationId, namespace: 'acme-web', deployedBy: 1 }]);
    const objects = await platform.ask(
      deployedObjectsRequest,
      { organizationId: org, applicationId, from: 0 },
      platform.service('deploy-worker', org),
    );
    expect(objects).toMatchObject({ value: { objects: [{ kind: 'Deployment', name: 'web' }], next: null } });
  });

  it('makes an application DEGRADED, and applying the same manifest repairs it', async () => {
    const { applicationId } = await deployed();
    const gone = { health: 'Missing', message: 'configmap astro-inventory-x is missing', attemptNumber: null };
    await report(applicationId, { ...gone, sync: 'OutOfSync' });
    expect(await status()).toMatchObject({ status: 'DEGRADED', health: 'Missing', sync: 'OutOfSync' });
    expect(await apply()).toMatchObject({ value: { outcome: 'synced' } });
  });
});

describe('use-D3: a revision that failed', () => {
  const fail = async () => {
    await apply('2.0');
    const item = await worker.next();
    const { claim } = await worker.granted(item);
    await worker.fail(item, claim, { code: 'deployments/quota-exceeded', message: 'the quota is used up' });
  };
  it('is not RUNNING when the objects of the previous revision are healthy', async () => {
    const { applicationId } = await deployed();
    await fail();
    await report(applicationId, { attemptNumber: 2, sync: 'OutOfSync', drift });
    expect(await status()).toMatchObject({ status: 'DEGRADED', health: 'Degraded', message: 'the quota is used up' });
    await report(applicationId, { attemptNumber: 2, health: 'Progressing', message: '0/1 ready', sync: 'OutOfSync' });
    expect(await status()).toMatchObject({ status: 'DEGRADED', message: 'the quota is used up' });
  });
  it('is RUNNING when all its objects exist, match what was applied, and are healthy', async () => {
    const { applicationId } = await deployed();
    await fail();
    await report(applicationId, { attemptNumber: 2 });
    expect(await status()).toMatchObject({
      status: 'RUNNING',
      health: 'Healthy',
      sync: 'Synced',
      servingVersion: null,
    });
  });
});

describe('use-D20: the history of a rollout', () => {
  const history = async () => {
    await platform.settled();
    const response = await platform.ask(listRevisionsRequest, { org, name: 'web' }, ada());
    return response.ok ? response.value.items.map(({ version, state, rollback }) => [version, state, rollback]) : [];
  };
  it('shows RUNNING while a worker has it, why a rollback is not possible, and the fix of the failure', async () => {
    const { applicationId } = await deployed();
    await apply('2.0');
    expect(await history()).toEqual([
      ['v1', 'SUCCEEDED', 'yes'],
      ['v2', 'QUEUED', 'present'],
    ]);
    const item = await worker.next();
    const { claim } = await worker.granted(item);
    expect(await history()).toContainEqual(['v2', 'RUNNING', 'present']);
    await worker.fail(item, claim, { fix: 'kubectl delete pod db-1 -n acme-web' });
    expect(await status()).toMatchObject({ status: 'DEGRADED', fix: 'kubectl delete pod db-1 -n acme-web' });
    await apply('3.0');
    await worker.deploy([entry('Deployment', 'web')]);
    expect(await history()).toEqual([
      ['v1', 'SUCCEEDED', 'yes'],
      ['v2', 'FAILED', 'failed'],
      ['v3', 'SUCCEEDED', 'present'],
    ]);
    await report(applicationId, { attemptNumber: 3, sync: 'OutOfSync', drift });
    await platform.settled();
    const events = await platform.read(applicationEventsRequest, { org, name: 'web' }, ada());
    expect(events.at(-1)).toMatchObject({
      step: 'health-changed',
      version: '-',
      message: expect.not.stringMatching(/: ;|: $/),
    });
  });
});
