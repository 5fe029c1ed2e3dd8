import { domainError, err, ok } from '#kernel';
import type { CheckResult, ProjectionView, ServiceState } from '#runtime/contract';
import { reportOf } from './doctor-report.ts';
import { projectionsOf, unansweredIn, type Answer } from './service-states.service.ts';

const NOW = Date.UTC(2026, 0, 2);
const VERSION = '1.0.0';
const passed: CheckResult = { name: 'read store', status: 'ok', message: 'The read store responds.', fix: null };

const projection: ProjectionView = {
  name: 'things.v1',
  context: 'billing',
  state: 'running',
  reason: null,
  position: 'store.00000000000000000007',
  head: 'store.00000000000000000007',
  lagEvents: 0,
  lagSeconds: 0,
  parked: 0,
  parkedDocuments: [],
  rebuild: null,
  leader: 'platform',
};

/** Returns the answer of a service 100 ms after the request, with the time in the middle. */
function answer(service: string, state: Partial<ServiceState> = {}): Answer {
  return {
    service,
    askedMs: NOW,
    answeredMs: NOW + 100,
    state: ok({
      service,
      process: { name: service, instance: `host/${service}-1` },
      version: VERSION,
      time: new Date(NOW + 50).toISOString(),
      checks: [passed],
      ownChecks: [],
      projections: [],
      ...state,
    }),
  };
}
const silent = (service: string): Answer => ({
  service,
  askedMs: NOW,
  answeredMs: NOW + 100,
  state: err(domainError('bus/nobody-serves', 'unavailable', 'Nobody serves it.')),
});
const report = (...answers: Answer[]) => reportOf(answers, { version: VERSION, nowMs: NOW });
const problems = (...answers: Answer[]) => report(...answers).checks.filter(({ status }) => status !== 'ok');

describe('the report of admin doctor', () => {
  it('is ok if every check is', () =>
    expect(report(answer('billing', { projections: [projection] }))).toEqual({
      status: 'ok',
      version: VERSION,
      time: '2026-01-02T00:00:00.000Z',
      services: [
        { name: 'billing', answered: true, instance: 'host/billing-1', version: VERSION, clockDifferenceMs: 0 },
      ],
      checks: [
        { service: 'billing', ...passed },
        {
          service: 'gateway',
          name: 'projections',
          status: 'ok',
          message: 'All 1 projections follow the log.',
          fix: null,
        },
      ],
    }));

  it('has the checks of a process once, although each of its services reports them', () => {
    const process = { name: 'platform', instance: 'platform' };
    const { checks } = report(answer('audit', { process }), answer('billing', { process }));
    expect(checks.filter(({ name }) => name === 'read store')).toEqual([{ service: 'platform', ...passed }]);
  });

  it('has the worst status of its checks', () => {
    const warned = { ...passed, status: 'warn' as const };
    expect(report(answer('audit', { ownChecks: [warned] })).status).toBe('warn');
    expect(report(answer('audit', { ownChecks: [warned] }), silent('billing')).status).toBe('failed');
  });

  it('names a service that does not answer, and has the checks of the others', () => {
    const { services, checks } = report(answer('audit'), silent('billing'));
    expect(services).toMatchObject([{ answered: true }, { name: 'billing', answered: false, version: null }]);
    expect(checks).toMatchObject([
      { service: 'audit', name: 'read store', status: 'ok' },
      { service: 'billing', name: 'service', status: 'failed', message: 'billing did not respond. Nobody serves it.' },
      { name: 'projections' },
    ]);
  });

  it.each([
    [-999, undefined],
    [-1_001, 'warn'],
    [-5_001, 'failed'],
    [1_101, 'warn'],
    [1_099, undefined],
  ])('compares the clocks, without the time of the request: %i ms', (differenceMs, status) =>
    expect(problems(answer('audit', { time: new Date(NOW + differenceMs).toISOString() }))[0]?.status).toBe(status),
  );

  it('warns of a service of another version', () =>
    expect(problems(answer('audit', { version: '0.9.0' }))).toMatchObject([
      { service: 'audit', name: 'version', status: 'warn' },
    ]));

  it.each([
    ['a projection that has stopped', { state: 'stopped' }, 'failed', 'Stopped: things.v1.'],
    ['parked documents', { parked: 2 }, 'warn', 'Documents that are not updated: 2 of things.v1.'],
    ['a projection far behind', { lagSeconds: 61 }, 'warn', 'More than 60 seconds behind the log: things.v1.'],
    [
      'a failed rebuild',
      { rebuild: { requestedAt: null, position: null, percent: 0, failure: 'F.' } },
      'warn',
      'The last rebuild failed: things.v1.',
    ],
  ] as const)('reports %s', (_what, change, status, message) =>
    expect(problems(answer('billing', { projections: [{ ...projection, ...change }] }))).toMatchObject([
      { name: 'projections', status, message, fix: expect.stringContaining('astroctl admin projections') },
    ]),
  );

  it('fails if the stores of a service do not respond, whose projections are then unknown', () => {
    const answers = [answer('billing', { projections: null }), silent('audit')];
    expect(problems(...answers)).toContainEqual(
      expect.objectContaining({ name: 'projections', status: 'failed', message: expect.stringContaining('billing') }),
    );
    expect(projectionsOf(answers)).toEqual([]);
    expect(unansweredIn(answers)).toEqual([
      { service: 'billing', reason: 'Its stores do not respond.' },
      { service: 'audit', reason: 'Nobody serves it.' },
    ]);
  });
});
