import type { Actor } from '#kernel';
import { specify } from '#testing';
import type { Configuration } from '../catalog/beginnings.ts';
import { aConfiguration } from '../testing/facts.ts';
import { applicationDecider } from './application.decider.ts';
import type { ApplicationEvent } from './application.events.ts';

const { given } = specify(applicationDecider);
const MINUTE_MS = 60_000;
const startMs = Date.parse('2026-12-01T00:00:00Z');
const PLATFORM: Actor = { id: 'deployments', kind: 'system', isGlobalAdmin: false };
const configuration: Configuration = { ...aConfiguration, syncPolicy: { selfHeal: true } };
const ref = (number: number) => ({ attemptId: `t${number}`, number, revision: 1 });
type Requested = Extract<ApplicationEvent, { type: 'deployment.requested.v1' }>['data'];
const requested = (number: number, more: Partial<Requested> = {}): ApplicationEvent => ({
  type: 'deployment.requested.v1',
  data: { ...ref(number), kind: 'deploy', orphan: false, cause: 'apply', ...more },
});
const healed = (number: number, minute: number) =>
  requested(number, { cause: 'self-heal', healedAt: new Date(startMs + minute * MINUTE_MS).toISOString() });
const succeeded = (number: number): ApplicationEvent => ({
  type: 'deployment.succeeded.v1',
  data: { ...ref(number), message: 'all pods ready', endpoint: null, replicas: '1/1' },
});
const drift = [{ what: 'Deployment/web was changed by kubectl', fields: ['spec.replicas'] }];
const observed = { health: 'Healthy', message: '', code: null, replicas: '1/1', sync: 'OutOfSync', drift } as const;
const drifted: ApplicationEvent = { type: 'application.health-changed.v1', data: observed };
const running = (of = configuration): ApplicationEvent[] => [
  { type: 'application.configured.v1', data: { ...of, revision: 1 } },
  requested(1),
  succeeded(1),
];
const healedThrice = [2, 3, 4].flatMap((number) => [drifted, healed(number, number), succeeded(number)]);
const selfHeal = (minute: number) =>
  ({ type: 'self-heal', attemptId: 'next', nowMs: startMs + minute * MINUTE_MS }) as const;
const report = { type: 'report-health', attemptNumber: null, ...observed } as const;
const stopped = {
  ...observed,
  drift: [
    {
      what: 'selfHeal stopped after 3 times in 10 minutes, because others keep changing the cluster',
      fields: [],
    },
    ...drift,
  ],
  healingStopped: true,
} as const;

describe('syncPolicy.selfHeal', () => {
  it('deploys the latest revision again when the cluster has drifted', () =>
    given(...running(), drifted)
      .when(selfHeal(0), PLATFORM)
      .thenRecorded({
        type: 'deployment.requested.v1',
        data: {
          attemptId: 'next',
          number: 2,
          revision: 1,
          kind: 'deploy',
          orphan: false,
          cause: 'self-heal',
          healedAt: '2026-12-01T00:00:00.000Z',
        },
      }));

  it.each([
    ['is not set', [...running(aConfiguration), drifted]],
    ['belongs to a paused application', [...running(), drifted, { type: 'application.paused.v1', data: {} }]],
    ['belongs to a pinned rollback', [...running({ ...configuration, rollbackOf: 1 }), drifted]],
    ['has nothing to revert', running()],
    ['is already being done', [...running(), drifted, healed(2, 0)]],
  ] satisfies [string, ApplicationEvent[]][])('does nothing if it %s', (_, events) =>
    given(...events)
      .when(selfHeal(0), PLATFORM)
      .thenNothingRecorded(),
  );

  it('K8.6-34: stops after three times in ten minutes, and says so', () =>
    given(...running(), ...healedThrice, drifted)
      .when(selfHeal(5), PLATFORM)
      .thenRecorded({ type: 'application.health-changed.v1', data: stopped }));

  it('stays stopped while the same drift is reported', () => {
    const events = [...running(), ...healedThrice, drifted, { type: 'application.health-changed.v1', data: stopped }];
    given(...(events as ApplicationEvent[]))
      .when(report, PLATFORM)
      .thenNothingRecorded();
    given(...(events as ApplicationEvent[]))
      .when(selfHeal(6), PLATFORM)
      .thenNothingRecorded();
  });

  it('continues when the time has passed, and after a deployment that somebody requested', () => {
    const data = expect.objectContaining({ cause: 'self-heal' });
    given(...running(), ...healedThrice, drifted)
      .when(selfHeal(15), PLATFORM)
      .thenRecorded({ type: 'deployment.requested.v1', data });
    given(...running(), ...healedThrice, requested(5, { cause: 'sync' }), succeeded(5), drifted)
      .when(selfHeal(5), PLATFORM)
      .thenRecorded({ type: 'deployment.requested.v1', data });
  });
});
