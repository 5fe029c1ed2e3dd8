import type { ProjectionStatus } from '#event-sourcing';
import type { Dependency } from '#http';
import { err, ok, position, VERSION } from '#kernel';
import { inProcessTransport } from '#bus/in-process';
import { manualClock, temporaryFolder } from '#testing';
import { readConfiguration } from './configuration.ts';
import type { Engines } from './engines.ts';
import { createServiceState, projectionOf } from './service-state.ts';

const folder = temporaryFolder();
const at = (sequence: number) => position('teststore', sequence);
const status: ProjectionStatus = {
  name: 'things.v1',
  position: at(5),
  head: at(10),
  lagEvents: 5,
  lagSeconds: 1.26,
  parked: [],
  state: 'live',
  halt: undefined,
  leader: 'billing-1',
  rebuild: undefined,
};

/** Returns the state of a service with these parts. */
function stateOf(
  parts: {
    readonly engines?: Partial<Engines>;
    readonly dependencies?: readonly Dependency[];
    readonly statuses?: readonly ProjectionStatus[];
    readonly environment?: Record<string, string>;
  } = {},
) {
  const read = readConfiguration(parts.environment ?? {});
  if (!read.ok) throw new Error(read.error.join(' '));
  const { configuration } = read.value;
  const { statuses = [] } = parts;
  const control = {
    status: (names?: ReadonlySet<string>) => Promise.resolve(statuses.filter(({ name }) => names?.has(name))),
  };
  const clock = manualClock();
  return {
    clock,
    ask: createServiceState({
      process: { name: 'platform', instance: 'platform' },
      settings: { configuration, dataFolder: folder },
      engines: { bus: inProcessTransport(), close: () => Promise.resolve(), ...parts.engines } as Engines,
      clock,
      dependencies: () => Promise.resolve(parts.dependencies ?? []),
      ownChecks: (service) => Promise.resolve([{ name: service, status: 'ok', message: 'Own.', fix: null }]),
      projectionsOf: (service) => (service === 'billing' ? [{ name: 'things.v1' }] : []),
      control: () => control,
    }),
  };
}
const checksOf = async (parts: Parameters<typeof stateOf>[0]) =>
  (await stateOf(parts).ask('billing', { checks: true })).checks;

describe('the state of a service', () => {
  it('has its own checks and projections, with version and time', async () => {
    const { ask, clock } = stateOf({ statuses: [status, { ...status, name: 'others.v1' }] });
    expect(await ask('billing', { checks: true })).toMatchObject({
      service: 'billing',
      version: VERSION,
      time: new Date(clock.now()).toISOString(),
      ownChecks: [{ name: 'billing' }],
      projections: [{ name: 'things.v1', context: 'billing' }],
    });
    expect((await ask('audit', { checks: true })).projections).toEqual([]);
  });

  it('checks nothing unless it is asked to', async () => {
    const { ask } = stateOf({ dependencies: [{ name: 'bus', ok: false }] });
    expect(await ask('billing', { checks: false })).toMatchObject({ checks: [], ownChecks: [] });
  });

  it('has no projections if the stores do not respond in time', async () => {
    const { ask, clock } = stateOf();
    const silent = createServiceStateWithoutStores(clock);
    const asked = silent('billing', { checks: false });
    clock.advance(3_001);
    expect((await asked).projections).toBeNull();
    expect((await ask('billing', { checks: false })).projections).toEqual([]);
  });

  it('says what to do about each dependency that is not available', async () => {
    const checks = await checksOf({
      dependencies: [
        { name: 'read store', ok: false, required: false, detail: 'does-not-respond' },
        { name: 'event log', ok: false, detail: 'Stream keys-1 is damaged at revision 3.' },
        { name: 'bus', ok: true },
        { name: 'service', ok: true },
      ],
    });
    expect(checks).toEqual([
      {
        name: 'read store',
        status: 'failed',
        message: 'The read store is not available (does-not-respond).',
        fix: expect.stringContaining('ASTRO_READ_STORE'),
      },
      {
        name: 'event log',
        status: 'failed',
        message: 'Stream keys-1 is damaged at revision 3.',
        fix: expect.stringContaining('A damaged log'),
      },
      { name: 'bus', status: 'ok', message: 'The bus responds.', fix: null },
      { name: 'service', status: 'ok', message: 'The process has started.', fix: null },
    ]);
  });

  it('checks mail and the disk of the process that uses them', async () => {
    const mail = (answer: unknown) =>
      ({ check: () => Promise.resolve(answer) }) as unknown as NonNullable<Engines['mail']>;
    const queue = {} as unknown as NonNullable<Engines['queue']>;
    const environment = { ASTRO_MAIL_URL: 'smtp://mail.acme.dev', ASTRO_MAIL_FROM: 'astro@acme.dev' };
    const mailCheck = async (answer: unknown, of: Record<string, string>) =>
      (await checksOf({ engines: { mail: mail(answer) }, environment: of })).find(({ name }) => name === 'mail');
    expect(await mailCheck(ok(undefined), environment)).toMatchObject({ status: 'ok' });
    expect(await mailCheck(ok(undefined), {})).toMatchObject({
      status: 'warn',
      fix: expect.stringContaining('ASTRO_MAIL_URL'),
    });
    expect(await mailCheck(err({ kind: 'unavailable', reason: 'ECONNREFUSED' }), environment)).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    const notSent = { name: 'mail', ok: false, required: false, detail: 'EENVELOPE' } as const;
    const mailChecks = async (answer: unknown) =>
      (await checksOf({ engines: { mail: mail(answer) }, environment, dependencies: [notSent] })).filter(
        ({ name }) => name === 'mail',
      );
    expect(await mailChecks(ok(undefined))).toMatchObject([
      { status: 'warn', message: expect.stringContaining('the last message was not sent (EENVELOPE)') },
    ]);
    expect(await mailChecks(err({ kind: 'unavailable', reason: 'ECONNREFUSED' }))).toMatchObject([
      { status: 'failed', message: expect.stringContaining('ECONNREFUSED') },
    ]);
    expect(await checksOf({})).toEqual([]);
    expect(await checksOf({ engines: { queue } })).toMatchObject([
      { name: 'disk', message: expect.stringContaining('free space') },
    ]);
  });
});

/** A process whose stores never respond. */
function createServiceStateWithoutStores(clock: ReturnType<typeof manualClock>) {
  const read = readConfiguration({});
  if (!read.ok) throw new Error(read.error.join(' '));
  return createServiceState({
    process: { name: 'platform', instance: 'platform' },
    settings: { configuration: read.value.configuration, dataFolder: folder },
    engines: { bus: inProcessTransport(), close: () => Promise.resolve() } as Engines,
    clock,
    dependencies: () => Promise.resolve([]),
    ownChecks: () => Promise.resolve([]),
    projectionsOf: () => [{ name: 'things.v1' }],
    control: () => ({ status: () => new Promise<never>(() => {}) }),
  });
}

describe('the view of a projection', () => {
  const rebuild = { requestedAt: '2026-01-01T00:00:00.000Z', position: at(7), failure: undefined };
  const view = (change: Partial<ProjectionStatus>) => projectionOf('billing', { ...status, ...change });

  it.each([
    ['running', {}],
    ['catching-up', { state: 'catching-up' }],
    ['running', { state: 'following', lagSeconds: 9 }],
    ['catching-up', { state: 'following', lagSeconds: 11 }],
    ['stopped', { state: 'stopped' }],
    ['stopped', { halt: 'It cannot read it.', rebuild }],
    ['rebuilding', { rebuild }],
    ['running', { rebuild: { ...rebuild, failure: 'F.' } }],
  ] as const)('is %s: %j', (state, change) => expect(view(change).state).toBe(state));

  it('has the progress of its rebuild, and the reason why it has stopped', () => {
    expect(view({ rebuild }).rebuild).toEqual({
      requestedAt: rebuild.requestedAt,
      position: at(7),
      percent: 70,
      failure: null,
    });
    expect(view({ rebuild: { ...rebuild, position: undefined } }).rebuild?.percent).toBe(0);
    expect(view({ halt: 'It cannot read it.' }).reason).toBe('It cannot read it.');
  });

  it('counts parked documents, and lists the first', () => {
    const parked = Array.from({ length: 12 }, (_, index) => ({
      documentId: `thing-${index}`,
      reason: 'TypeError',
      since: '2026-01-01T00:00:00.000Z',
      position: at(index + 1),
    }));
    expect(view({ parked })).toMatchObject({ parked: 12, parkedDocuments: parked.slice(0, 10) });
  });
});
