import type { Actor } from '#kernel';
import { specify } from '#testing';
import { aConfiguration } from '../testing/facts.ts';
import { applicationDecider } from './application.decider.ts';
import type { ApplicationEvent } from './application.events.ts';
import { ADMIN } from './protection.ts';

const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };
const { given } = specify(applicationDecider);
const two = { ...aConfiguration, manifest: { record: 'manifest/o1/m2', digest: 'm2' }, contentDigest: 'x2' };
const configured = (revision: number, configuration = aConfiguration): ApplicationEvent => ({
  type: 'application.configured.v1',
  data: { ...configuration, revision },
});
const ref = (number: number, revision: number) => ({ attemptId: `t${number}`, number, revision });
type Requested = Extract<ApplicationEvent, { type: 'deployment.requested.v1' }>['data'];
const requested = (number: number, revision: number, more: Partial<Requested> = {}): ApplicationEvent => ({
  type: 'deployment.requested.v1',
  data: { ...ref(number, revision), kind: 'deploy', orphan: false, cause: 'apply', ...more },
});
const succeeded = (number: number, revision: number): ApplicationEvent => ({
  type: 'deployment.succeeded.v1',
  data: { ...ref(number, revision), message: 'all pods ready', endpoint: null, replicas: '1/1' },
});
const failed = (number: number, revision: number): ApplicationEvent => ({
  type: 'deployment.failed.v1',
  data: { ...ref(number, revision), code: 'x/y', message: 'no', fix: null, applied: true, serving: null },
});
const paused: ApplicationEvent = { type: 'application.paused.v1', data: {} };
const resumed: ApplicationEvent = { type: 'application.resumed.v1', data: {} };
const running = [configured(1), requested(1, 1), succeeded(1, 1)];
const operate = {
  type: 'operate',
  operation: 'sync',
  name: 'web',
  attemptId: 't2',
  at: '2026-12-01T01:00:00.000Z',
  running: [],
  protection: ADMIN,
} as const;
const configure = {
  type: 'configure',
  configuration: aConfiguration,
  revision: 2,
  attemptId: 't2',
  running: [],
  protection: ADMIN,
} as const;
const drift = [{ what: 'Deployment/web was changed by kubectl', fields: ['spec.replicas'] }];
const report = {
  type: 'report-health',
  health: 'Healthy',
  message: '',
  code: null,
  replicas: '1/1',
  attemptNumber: 1,
} as const;
const seen = (
  more: Partial<Extract<ApplicationEvent, { type: 'application.health-changed.v1' }>['data']>,
): ApplicationEvent => ({
  type: 'application.health-changed.v1',
  data: { health: 'Healthy', message: '', code: null, replicas: '1/1', ...more },
});

describe('use-D1: drift of a cluster', () => {
  it('is recorded once, with its author, and again when it has ended', () => {
    const drifted = { ...report, sync: 'OutOfSync', drift } as const;
    given(...running)
      .when(drifted, ada)
      .thenRecorded(seen({ sync: 'OutOfSync', drift }));
    given(...running, seen({ sync: 'OutOfSync', drift }))
      .when(drifted, ada)
      .thenNothingRecorded();
    given(...running, seen({ sync: 'OutOfSync', drift }))
      .when({ ...report, sync: 'Synced', drift: [] }, ada)
      .thenRecorded(seen({ sync: 'Synced' }));
  });
  it('is not recorded while a rollout is in progress', () =>
    given(...running, requested(2, 1))
      .when({ ...report, attemptNumber: 2, sync: 'OutOfSync', drift }, ada)
      .thenNothingRecorded());
  it('makes the same manifest deploy the same revision again, no matter how it was found', () => {
    given(...running)
      .when(configure, ada)
      .thenNothingRecorded();
    given(...running)
      .when({ ...configure, drifted: true }, ada)
      .thenRecorded(requested(2, 1));
    given(...running, seen({ sync: 'OutOfSync', drift }))
      .when(configure, ada)
      .thenRecorded(requested(2, 1));
  });
});

describe('use-D3: the failure of an attempt', () => {
  const history = [...running, configured(2, two), requested(2, 2), failed(2, 2)];
  it('persists while the cluster is healthy with other objects than those of its revision', () => {
    given(...history)
      .when({ ...report, attemptNumber: 2, sync: 'OutOfSync', drift }, ada)
      .thenNothingRecorded();
    given(...history)
      .when({ ...report, attemptNumber: 1, sync: 'Synced' }, ada)
      .thenNothingRecorded();
    given(...history)
      .when({ ...report, attemptNumber: 2 }, ada)
      .thenNothingRecorded();
  });
  it('ends when all objects of its revision exist, match what was applied, and are healthy', () => {
    const complete = { ...report, attemptNumber: 2, sync: 'Synced', drift: [] } as const;
    const completed = seen({ sync: 'Synced', completes: 2 });
    given(...history)
      .when(complete, ada)
      .thenRecorded(completed);
    given(...history, completed)
      .when(complete, ada)
      .thenNothingRecorded();
  });
});

describe('use-D1: sync, restart, pause and resume', () => {
  it('request another attempt of the latest revision', () => {
    given(...running)
      .when(operate, ada)
      .thenRecorded(requested(2, 1, { cause: 'sync' }));
    given(...running)
      .when({ ...operate, operation: 'restart' }, ada)
      .thenRecorded(requested(2, 1, { cause: 'restart', restart: operate.at }));
  });
  it('record why, in the words of whoever requested them', () => {
    const message = 'until the migration is done';
    for (const operation of ['sync', 'restart'] as const)
      given(...running)
        .when({ ...operate, operation, message }, ada)
        .thenRecorded(
          requested(2, 1, { cause: operation, ...(operation === 'restart' && { restart: operate.at }), message }),
        );
    given(...running)
      .when({ ...operate, operation: 'pause', message }, ada)
      .thenRecorded({ type: 'application.paused.v1', data: { message } });
    given(...running, paused)
      .when({ ...operate, operation: 'resume', message }, ada)
      .thenRecorded({ type: 'application.resumed.v1', data: { message } });
  });
  it('let an attempt of the same revision continue, unless pods are to be replaced', () => {
    given(configured(1), requested(1, 1)).when(operate, ada).thenNothingRecorded();
    given(configured(1), requested(1, 1))
      .when({ ...operate, operation: 'restart', running: ['t1'] }, ada)
      .thenRecorded(requested(2, 1, { cause: 'restart', restart: operate.at }));
  });
  it('K8.6-27: may delete most objects after a pause if that was confirmed during it, for the last revision', () => {
    const apply = { ...configure, configuration: two, allowRemovals: true } as const;
    const confirmed: ApplicationEvent = {
      type: 'application.configured.v1',
      data: { ...two, revision: 2, allowRemovals: true },
    };
    const resume = { ...operate, operation: 'resume' } as const;
    given(...running, paused)
      .when(apply, ada)
      .thenRecorded(confirmed);
    given(...running, paused, confirmed)
      .when(resume, ada)
      .thenRecorded(resumed, requested(2, 2, { cause: 'resume', allowRemovals: true }));
    given(...running, paused, confirmed, configured(3))
      .when(resume, ada)
      .thenRecorded(resumed, requested(2, 3, { cause: 'resume' }));
    given(...running)
      .when(apply, ada)
      .thenRecorded(configured(2, two), requested(2, 2, { allowRemovals: true }));
  });
  it('record revisions during a pause and deploy the last one afterwards', () => {
    const pause = { ...operate, operation: 'pause' } as const;
    const resume = { ...operate, operation: 'resume' } as const;
    given(...running)
      .when(pause, ada)
      .thenRecorded(paused);
    given(...running, paused)
      .when(pause, ada)
      .thenNothingRecorded();
    given(...running, paused)
      .when({ ...configure, configuration: two }, ada)
      .thenRecorded(configured(2, two));
    given(...running, paused)
      .when(operate, ada)
      .thenRejected({ code: 'deployments/paused' });
    given(...running, paused, configured(2, two))
      .when(resume, ada)
      .thenRecorded(resumed, requested(2, 2, { cause: 'resume' }));
    given(...running, paused)
      .when(resume, ada)
      .thenRecorded(resumed);
    given(...running)
      .when(resume, ada)
      .thenNothingRecorded();
  });
  it('end the pin of a rollback, so that the same manifest is unchanged', () => {
    const back = { ...aConfiguration, rollbackOf: 1 };
    const history = [...running, configured(2, two), requested(2, 2), succeeded(2, 2), configured(3, back)];
    const pinned = [...history, requested(3, 3, { cause: 'rollback' }), succeeded(3, 3)];
    given(...pinned)
      .when({ ...operate, operation: 'resume' }, ada)
      .thenRecorded(resumed);
    given(...pinned, resumed)
      .when({ ...configure, revision: 4 }, ada)
      .thenNothingRecorded();
  });
  it('reject an application that is being deleted or does not exist', () => {
    given(...running, { type: 'application.deletion-requested.v1', data: { orphan: false } })
      .when(operate, ada)
      .thenRejected({ code: 'deployments/being-deleted' });
    given().when(operate, ada).thenRejected({ code: 'deployments/application-not-found' });
  });
});

describe('use-D4: a deletion that failed', () => {
  const deleting: ApplicationEvent[] = [
    ...running,
    { type: 'application.deletion-requested.v1', data: { orphan: false } },
    requested(2, 1, { kind: 'delete', cause: 'delete' }),
  ];
  const outcome = { outcome: 'failed', code: 'x/y', message: 'no', fix: null, applied: true, serving: null } as const;
  const again = (number: number, delayMs: number) => requested(number, 1, { kind: 'delete', cause: 'delete', delayMs });

  it('is retried automatically, later each time', () => {
    given(...deleting)
      .when({ type: 'end-attempt', attemptId: 't2', outcome, nextAttemptId: 't3' }, ada)
      .thenRecorded(failed(2, 1), again(3, 60_000));
    given(...deleting, failed(2, 1), again(3, 60_000))
      .when({ type: 'end-attempt', attemptId: 't3', outcome, nextAttemptId: 't4' }, ada)
      .thenRecorded(failed(3, 1), again(4, 120_000));
  });
  it('is retried without hooks if it was requested without them', () => {
    const quick = requested(2, 1, { kind: 'delete', cause: 'delete', noHooks: true });
    given(...deleting.slice(0, -1), quick)
      .when({ type: 'end-attempt', attemptId: 't2', outcome, nextAttemptId: 't3' }, ada)
      .thenRecorded(failed(2, 1), requested(3, 1, { kind: 'delete', cause: 'delete', noHooks: true, delayMs: 60_000 }));
  });
  it('is retried immediately when it is requested again', () => {
    const asked = { type: 'delete', orphan: false, attemptId: 't4', running: [], protection: ADMIN } as const;
    given(...deleting, failed(2, 1), again(3, 60_000))
      .when(asked, ada)
      .thenRecorded(
        { type: 'deployment.superseded.v1', data: { ...ref(3, 1), byRevision: 1 } },
        requested(4, 1, { kind: 'delete', cause: 'delete' }),
      );
    given(...deleting)
      .when(asked, ada)
      .thenNothingRecorded();
  });
});
