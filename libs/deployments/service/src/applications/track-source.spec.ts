import type { Actor } from '#kernel';
import { specify } from '#testing';
import type { Configuration } from '../catalog/beginnings.ts';
import { aConfiguration } from '../testing/facts.ts';
import { applicationDecider } from './application.decider.ts';
import type { ApplicationEvent } from './application.events.ts';
import { waitsForRollout, type TrackSource } from './track-source.ts';

const { given } = specify(applicationDecider);
const PLATFORM: Actor = { id: 'system:deployments', kind: 'system', isGlobalAdmin: false };
const tracked: Configuration = { ...aConfiguration, syncPolicy: { auto: true } };
const message = 'main: 9f2c41… → 03be77…';
const moved: Configuration = { ...tracked, contentDigest: 'x2', by: PLATFORM.id, message };
const ref = { attemptId: 't1', number: 1, revision: 1 };
const requested: ApplicationEvent = {
  type: 'deployment.requested.v1',
  data: { ...ref, kind: 'deploy', orphan: false, cause: 'apply' },
};
const succeeded: ApplicationEvent = {
  type: 'deployment.succeeded.v1',
  data: { ...ref, message: 'all pods ready', endpoint: null, replicas: '1/1' },
};
const failed: ApplicationEvent = {
  type: 'deployment.failed.v1',
  data: { ...ref, code: 'sources/no-manifests', message: 'no manifests', fix: null, applied: false, serving: null },
};
const deployed = (of = tracked): ApplicationEvent[] => [
  { type: 'application.configured.v1', data: { ...of, revision: 1 } },
  requested,
  succeeded,
];
const problem = { code: 'sources/unreachable', message: 'git.acme.dev does not respond' };
const checkFailed: ApplicationEvent = { type: 'application.source-check-failed.v1', data: problem };
const recovered: ApplicationEvent = { type: 'application.source-check-recovered.v1', data: {} };
const paused: ApplicationEvent = { type: 'application.paused.v1', data: {} };
const resumed: ApplicationEvent = { type: 'application.resumed.v1', data: {} };

const found = (what: TrackSource['found'], revision = 1): TrackSource => ({
  type: 'track-source',
  revision,
  attemptId: 't2',
  found: what,
});
const changed = found({ type: 'changed', configuration: moved });
const next: ApplicationEvent[] = [
  { type: 'application.configured.v1', data: { ...moved, revision: 2 } },
  {
    type: 'deployment.requested.v1',
    data: { attemptId: 't2', number: 2, revision: 2, kind: 'deploy', orphan: false, cause: 'auto', message },
  },
];

describe('syncPolicy.auto', () => {
  it('deploys a changed source as the next revision, with the reason', () =>
    given(...deployed())
      .when(changed, PLATFORM)
      .thenRecorded(...next));

  it('deploys the next change also after a revision that failed', () =>
    given({ type: 'application.configured.v1', data: { ...tracked, revision: 1 } }, requested, failed)
      .when(changed, PLATFORM)
      .thenRecorded(...next));

  it('continues after the pin of a rollback was ended', () =>
    given(...deployed({ ...tracked, rollbackOf: 1 }), resumed)
      .when(changed, PLATFORM)
      .thenRecorded(...next));

  it.each([
    ['is not set', deployed(aConfiguration)],
    ['belongs to a paused application', [...deployed(), paused]],
    ['belongs to a pinned rollback', deployed({ ...tracked, rollbackOf: 1 })],
    ['has a deployment in progress', deployed().slice(0, 2)],
    [
      'belongs to an application that is being deleted',
      [...deployed(), { type: 'application.deletion-requested.v1', data: { orphan: false } }],
    ],
  ] satisfies [string, ApplicationEvent[]][])('does nothing if it %s', (_, events) => {
    given(...events)
      .when(changed, PLATFORM)
      .thenNothingRecorded();
    given(...events)
      .when(found({ type: 'failed', problem }), PLATFORM)
      .thenNothingRecorded();
  });

  it('does nothing if the application was configured since the look-up', () =>
    given(...deployed())
      .when(found({ type: 'changed', configuration: moved }, 2), PLATFORM)
      .thenNothingRecorded());

  it('is continued after a rollout that is in progress', () => {
    const waits = (...events: readonly ApplicationEvent[]) =>
      waitsForRollout(events.reduce(applicationDecider.evolve, applicationDecider.initialState));
    expect(waits(...deployed().slice(0, 2))).toBe(true);
    expect(waits(...deployed())).toBe(false);
    expect(waits(...deployed().slice(0, 2), paused)).toBe(false);
    expect(waits(...deployed(aConfiguration).slice(0, 2))).toBe(false);
  });

  it('records a source that cannot be looked up once per problem, and when it can be again', () => {
    const lookUp = found({ type: 'failed', problem });
    const other = { code: 'sources/unauthorized', message: 'git.acme.dev refused the credential' };
    given(...deployed())
      .when(lookUp, PLATFORM)
      .thenRecorded(checkFailed);
    given(...deployed(), checkFailed)
      .when(lookUp, PLATFORM)
      .thenNothingRecorded();
    given(...deployed(), checkFailed)
      .when(found({ type: 'failed', problem: other }), PLATFORM)
      .thenRecorded({ type: 'application.source-check-failed.v1', data: other });
    given(...deployed(), checkFailed)
      .when(found({ type: 'same' }), PLATFORM)
      .thenRecorded(recovered);
    given(...deployed(), checkFailed, recovered)
      .when(found({ type: 'same' }), PLATFORM)
      .thenNothingRecorded();
    given(...deployed(), checkFailed)
      .when(changed, PLATFORM)
      .thenRecorded(...next);
  });
});
