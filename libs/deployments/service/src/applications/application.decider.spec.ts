import type { Actor } from '#kernel';
import { specify } from '#testing';
import { aConfiguration } from '../testing/facts.ts';
import { applicationDecider } from './application.decider.ts';
import type { ApplicationEvent } from './application.events.ts';
import { ADMIN } from './protection.ts';

const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };
const two = { ...aConfiguration, manifest: { record: 'manifest/o1/m2', digest: 'm2' }, contentDigest: 'x2' };
const configured = (revision: number, configuration = aConfiguration): ApplicationEvent => ({
  type: 'application.configured.v1',
  data: { ...configuration, revision },
});
const ref = (number: number, revision: number) => ({ attemptId: `t${number}`, number, revision });
const requested = (
  number: number,
  revision: number,
  more: {
    kind?: 'deploy' | 'delete';
    cause?: 'apply' | 'rollback' | 'delete' | 'abandoned';
    orphan?: boolean;
    noHooks?: true;
  } = {},
): ApplicationEvent => ({
  type: 'deployment.requested.v1',
  data: { ...ref(number, revision), kind: 'deploy', orphan: false, cause: 'apply', ...more },
});
const succeeded = (number: number, revision: number): ApplicationEvent => ({
  type: 'deployment.succeeded.v1',
  data: { ...ref(number, revision), message: 'all pods ready', endpoint: null, replicas: '1/1' },
});
const failed = (number: number, revision: number, applied = true): ApplicationEvent => ({
  type: 'deployment.failed.v1',
  data: { ...ref(number, revision), code: 'x/y', message: 'no', fix: null, applied, serving: null },
});
const superseded = (number: number, revision: number, byRevision: number): ApplicationEvent => ({
  type: 'deployment.superseded.v1',
  data: { ...ref(number, revision), byRevision },
});
const configure = {
  type: 'configure',
  configuration: two,
  revision: 2,
  attemptId: 't2',
  running: [],
  protection: ADMIN,
} as const;
const { given } = specify(applicationDecider);

describe('configure an application', () => {
  it('starts with v1 and its first attempt', () =>
    given()
      .when({ ...configure, configuration: aConfiguration, revision: 1, attemptId: 't1' }, ada)
      .thenRecorded(configured(1), requested(1, 1)));
  it('records nothing while the same content is running or being deployed', () => {
    const same = { ...configure, configuration: aConfiguration };
    given(configured(1), requested(1, 1)).when(same, ada).thenNothingRecorded();
    given(configured(1), requested(1, 1), succeeded(1, 1)).when(same, ada).thenNothingRecorded();
  });
  it('deploys the same revision again when it failed or broke', () => {
    const same = { ...configure, configuration: aConfiguration };
    given(configured(1), requested(1, 1), failed(1, 1)).when(same, ada).thenRecorded(requested(2, 1));
    const missing: ApplicationEvent = {
      type: 'application.health-changed.v1',
      data: { health: 'Missing', message: 'gone', code: null, replicas: null },
    };
    given(configured(1), requested(1, 1), succeeded(1, 1), missing).when(same, ada).thenRecorded(requested(2, 1));
  });
  it('ends a queued attempt immediately and leaves a running one to its worker', () => {
    given(configured(1), requested(1, 1))
      .when(configure, ada)
      .thenRecorded(configured(2, two), superseded(1, 1, 2), requested(2, 2));
    given(configured(1), requested(1, 1))
      .when({ ...configure, running: ['t1'] }, ada)
      .thenRecorded(configured(2, two), requested(2, 2));
  });
  it('rejects another cluster, another namespace, a stale revision, and a deleted application', () => {
    const history = [configured(1), requested(1, 1), succeeded(1, 1)];
    given(...history)
      .when({ ...configure, configuration: { ...two, cluster: { ...two.cluster, uid: 'u2' } } }, ada)
      .thenRejected({ code: 'deployments/target-fixed' });
    given(...history)
      .when({ ...configure, configuration: { ...two, targetNamespace: 'other' } }, ada)
      .thenRejected({ code: 'deployments/namespace-fixed' });
    given(...history)
      .when({ ...configure, ifMatch: 7 }, ada)
      .thenRejected({ code: 'edge/precondition-failed' });
    given(...history)
      .when({ ...configure, revision: 5 }, ada)
      .thenRejected({ code: 'deployments/contended' });
    given({ type: 'application.deleted.v1', data: {} })
      .when({ ...configure, revision: 1 }, ada)
      .thenRejected({ code: 'deployments/application-not-found' });
  });
  it('rolls back to an older revision as a new one, but not to the present one', () => {
    const history = [
      configured(1),
      requested(1, 1),
      succeeded(1, 1),
      configured(2, two),
      requested(2, 2),
      succeeded(2, 2),
    ];
    const back = { ...configure, configuration: { ...aConfiguration, rollbackOf: 1 }, revision: 3, attemptId: 't3' };
    given(...history)
      .when(back, ada)
      .thenRecorded(configured(3, back.configuration), requested(3, 3, { cause: 'rollback' }));
    given(...history)
      .when({ ...back, configuration: { ...two, rollbackOf: 2 } }, ada)
      .thenRejected({ code: 'deployments/revision-present' });
    given(...history, configured(3, back.configuration), requested(3, 3, { cause: 'rollback' }), succeeded(3, 3))
      .when({ ...back, revision: 4 }, ada)
      .thenRejected({ code: 'deployments/revision-present' });
  });
  it('replaces a pinned revision on any apply', () => {
    const pinned = { ...aConfiguration, rollbackOf: 1 };
    given(configured(1), requested(1, 1), succeeded(1, 1), configured(2, pinned), requested(2, 2), succeeded(2, 2))
      .when({ ...configure, configuration: aConfiguration, revision: 3, attemptId: 't3' }, ada)
      .thenRecorded(configured(3), requested(3, 3));
  });
});

describe('end an attempt', () => {
  const outcome = { outcome: 'succeeded', message: 'all pods ready', endpoint: null, replicas: '1/1' } as const;
  it('records only the first end', () => {
    given(configured(1), requested(1, 1))
      .when({ type: 'end-attempt', attemptId: 't1', outcome }, ada)
      .thenRecorded(succeeded(1, 1));
    given(configured(1), requested(1, 1), failed(1, 1))
      .when({ type: 'end-attempt', attemptId: 't1', outcome }, ada)
      .thenNothingRecorded();
  });
  it('deletes the application when its deletion ends', () =>
    given(
      configured(1),
      requested(1, 1),
      succeeded(1, 1),
      { type: 'application.deletion-requested.v1', data: { orphan: false } },
      requested(2, 1, { kind: 'delete', cause: 'delete' }),
    )
      .when({ type: 'end-attempt', attemptId: 't2', outcome }, ada)
      .thenRecorded(succeeded(2, 1), { type: 'application.deleted.v1', data: {} }));
  it('requests the next attempt after one was abandoned, unless a newer one was requested', () => {
    const abandon = { type: 'abandon-attempt', attemptId: 't1', claims: 1, nextAttemptId: 't9' } as const;
    const abandoned: ApplicationEvent = { type: 'deployment.abandoned.v1', data: { ...ref(1, 1), claims: 1 } };
    given(configured(1), requested(1, 1))
      .when(abandon, ada)
      .thenRecorded(abandoned, {
        type: 'deployment.requested.v1',
        data: { attemptId: 't9', number: 2, revision: 1, kind: 'deploy', orphan: false, cause: 'abandoned' },
      });
    given(configured(1), requested(1, 1), configured(2, two), requested(2, 2))
      .when(abandon, ada)
      .thenRecorded(abandoned);
  });
});

describe('use-S1: protection of an application', () => {
  const history = [configured(1), requested(1, 1), succeeded(1, 1)];
  const looked = (isProtected: boolean) => ({
    isAdmin: false,
    profiles: new Map([['p1', isProtected]]),
    neighbors: [],
  });
  const removal = { type: 'delete', orphan: false, attemptId: 't2', running: [] } as const;
  it('is decided by the revision that exists when the events are written', () => {
    const protection = looked(true);
    given(...history)
      .when({ ...configure, protection }, ada)
      .thenRejected({ code: 'access/protected-profile' });
    given(...history)
      .when({ ...removal, protection }, ada)
      .thenRejected({ code: 'access/protected-profile' });
    given(...history)
      .when({ ...configure, protection: looked(false) }, ada)
      .thenRecorded(configured(2, two), requested(2, 2));
  });
  it('must be looked up again when that revision is on another profile', () =>
    given(configured(1, { ...aConfiguration, profile: { ...aConfiguration.profile, id: 'p9' } }))
      .when({ ...configure, protection: looked(false) }, ada)
      .thenRejected({ code: 'deployments/contended' }));
});

describe('delete an application', () => {
  const command = { type: 'delete', orphan: false, attemptId: 't2', running: [], protection: ADMIN } as const;
  it('K8.6-37: ends an attempt that waits, and follows one that runs, whose worker ends it at the next wave', () => {
    const asked: ApplicationEvent = { type: 'application.deletion-requested.v1', data: { orphan: false } };
    const deletion = requested(2, 1, { kind: 'delete', cause: 'delete' });
    const superseded: ApplicationEvent = { type: 'deployment.superseded.v1', data: { ...ref(1, 1), byRevision: 1 } };
    given(configured(1), requested(1, 1)).when(command, ada).thenRecorded(asked, superseded, deletion);
    given(configured(1), requested(1, 1))
      .when({ ...command, running: ['t1'] }, ada)
      .thenRecorded(asked, deletion);
  });

  it('use-D5: keeps the objects instead, once, even if a worker carries out the deletion', () => {
    const begun: ApplicationEvent[] = [
      configured(1),
      { type: 'application.deletion-requested.v1', data: { orphan: false } },
      requested(1, 1, { kind: 'delete', cause: 'delete' }),
    ];
    const keeping = requested(2, 1, { kind: 'delete', cause: 'delete', orphan: true });
    const keep = { ...command, orphan: true, running: ['t1'] };
    given(...begun)
      .when(keep, ada)
      .thenRecorded(keeping);
    given(...begun, keeping)
      .when({ ...keep, attemptId: 't3' }, ada)
      .thenNothingRecorded();
  });

  it('requests an attempt that deletes its objects, once', () => {
    const asked: ApplicationEvent[] = [
      { type: 'application.deletion-requested.v1', data: { orphan: false } },
      requested(2, 1, { kind: 'delete', cause: 'delete' }),
    ];
    given(configured(1), requested(1, 1), succeeded(1, 1))
      .when(command, ada)
      .thenRecorded(...asked);
    given(configured(1), requested(1, 1), succeeded(1, 1), ...asked)
      .when({ ...command, attemptId: 't3' }, ada)
      .thenNothingRecorded();
  });
  it('runs no hooks if that is requested, and then ends a deletion that runs them', () => {
    const asked: ApplicationEvent = { type: 'application.deletion-requested.v1', data: { orphan: false } };
    const history = [configured(1), requested(1, 1), succeeded(1, 1)];
    const deletion = requested(2, 1, { kind: 'delete', cause: 'delete' });
    const quick = (number: number) => requested(number, 1, { kind: 'delete', cause: 'delete', noHooks: true });
    given(...history)
      .when({ ...command, noHooks: true }, ada)
      .thenRecorded(asked, quick(2));
    given(...history, asked, deletion)
      .when({ ...command, attemptId: 't3', running: ['t2'], noHooks: true }, ada)
      .thenRecorded(quick(3));
    given(...history, asked, quick(2))
      .when({ ...command, attemptId: 't3', running: ['t2'], noHooks: true }, ada)
      .thenNothingRecorded();
    given(...history, asked, quick(2))
      .when({ type: 'abandon-attempt', attemptId: 't2', claims: 1, nextAttemptId: 't3' }, ada)
      .thenRecorded(
        { type: 'deployment.abandoned.v1', data: { ...ref(2, 1), claims: 1 } },
        requested(3, 1, { kind: 'delete', cause: 'abandoned', noHooks: true }),
      );
  });
  it('ends an application that has only a name immediately', () =>
    given().when(command, ada).thenRecorded({ type: 'application.deleted.v1', data: {} }));
});
