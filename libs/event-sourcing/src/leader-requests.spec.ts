import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { EventStore } from '#event-store';
import { openEmbeddedEventStore } from '#event-store/embedded';
import { ok, type DomainError, type Fact, type Result } from '#kernel';
import type { ReadStore } from '#read-store';
import { openEmbeddedReadStore } from '#read-store/embedded';
import { systemClock, systemIds as ids } from '#runtime/system';
import { manualClock, temporaryFolder, type ManualClock } from '#testing';
import { LeaderRequests, requestLeader } from './leader-requests.ts';
import { projectionErrors, REQUESTS } from './projection-control.ts';
import type { ProjectionSupervisor } from './projection-supervisor.ts';
import { both, log } from './testdata/surroundings.ts';

const PROJECTION = 'balances.v1';
const SECOND = 1_000;

const root = temporaryFolder();
let stores: { readonly eventStore: EventStore; readonly readStore: ReadStore; close(): Promise<void> };
let clock: ManualClock;
let stopped: AbortController;
beforeEach(async () => {
  const folder = join(root, ids.uuid());
  stores = await both(
    openEmbeddedEventStore({ folder: join(folder, 'events'), clock: systemClock, ids, log }),
    openEmbeddedReadStore({ folder: join(folder, 'read'), log }),
  );
  await stores.readStore.ensure(REQUESTS);
  clock = manualClock();
  stopped = new AbortController();
});
afterEach(async () => {
  stopped.abort();
  await pass(SECOND);
  await stores.close();
});

/** Advances the clock in steps, and lets the reads and writes of each step end. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    for (let turn = 0; turn < 5; turn += 1) await setImmediate();
  }
}

/** A process that leads the projection. Each of its rebuilds lasts until it is ended. */
function leader() {
  const ends: ((outcome: Result<void, DomainError>) => void)[] = [];
  const started = new AbortController();
  const rebuild = () => new Promise<Result<void, DomainError>>((resolve) => ends.push(resolve));
  // Only the members that requests use.
  const supervisor = { projection: { name: PROJECTION }, ownLead: {}, rebuild } as unknown as ProjectionSupervisor<
    Fact,
    unknown
  >;
  const { signal } = started;
  const supervisors = new Map([[PROJECTION, supervisor]]);
  const leaderRequests = new LeaderRequests({ ...stores, clock, ids, log, supervisors, signal });
  void leaderRequests.serve();
  stopped.signal.addEventListener('abort', () => started.abort());
  return { ends, supervisor, requests: leaderRequests, stop: () => started.abort() };
}

function request() {
  const sent: { outcome?: Result<void, DomainError> } = {};
  const { signal } = stopped;
  void requestLeader({ projection: PROJECTION, action: 'rebuild' }, { ...stores, clock, ids, signal }).then(
    (outcome) => (sent.outcome = outcome),
  );
  return sent;
}

const requests = async () => (await stores.readStore.find(REQUESTS, {})).items;

describe('a request to the leader of a projection', () => {
  it('is waited for as long as the leader works on it, and is worked on once', async () => {
    const leads = leader();
    const sent = request();
    await pass(120 * SECOND);
    expect([sent.outcome, leads.ends.length]).toEqual([undefined, 1]);
    leads.ends[0]?.(ok(undefined));
    await pass(SECOND);
    expect([sent.outcome, await requests()]).toEqual([ok(undefined), []]);
  });

  it('is not delayed by another request that the leader works on', async () => {
    const leads = leader();
    const [first, second] = [request(), request()];
    await pass(2 * SECOND);
    expect(leads.ends).toHaveLength(2);
    leads.ends[1]?.(ok(undefined));
    await pass(SECOND);
    expect([first, second].filter(({ outcome }) => outcome?.ok)).toHaveLength(1);
  });

  it('returns the error of the leader', async () => {
    const leads = leader();
    const sent = request();
    await pass(2 * SECOND);
    leads.ends[0]?.({ ok: false, error: projectionErrors.busy() });
    await pass(SECOND);
    expect(sent.outcome).toMatchObject({ ok: false, error: { code: 'projection/busy', kind: 'conflict' } });
    expect(await requests()).toEqual([]);
  });

  it('is given up if no process works on it for 30 seconds', async () => {
    const sent = request();
    await pass(29 * SECOND);
    expect(sent.outcome).toBeUndefined();
    await pass(2 * SECOND);
    expect(sent.outcome).toMatchObject({ ok: false, error: { code: 'projection/not-led' } });
    expect(await requests()).toEqual([]);
  });

  it('is worked on by the next leader if the first one loses the projection', async () => {
    const first = leader();
    const sent = request();
    await pass(20 * SECOND);
    first.stop();
    first.ends[0]?.({ ok: false, error: projectionErrors.noLeader() });
    await pass(20 * SECOND);
    const second = leader();
    await pass(20 * SECOND);
    expect([sent.outcome, second.ends.length]).toEqual([undefined, 1]);
    second.ends[0]?.(ok(undefined));
    await pass(SECOND);
    expect(sent.outcome).toEqual(ok(undefined));
  });
});

describe('a request that nobody waits for', () => {
  const rebuild = (id: string) => ({ id, projection: PROJECTION, action: 'rebuild' as const });

  it('is worked on once, also if it is sent again', async () => {
    const leads = leader();
    expect(await leads.requests.submit(rebuild('one'))).toEqual(ok(undefined));
    expect(await leads.requests.submit(rebuild('one'))).toEqual(ok(undefined));
    await pass(2 * SECOND);
    expect(await leads.requests.submit(rebuild('one'))).toEqual(ok(undefined));
    await pass(2 * SECOND);
    expect(leads.ends).toHaveLength(1);
    expect(await leads.requests.outcome('one', 0)).toEqual(ok('working'));
    leads.ends[0]?.(ok(undefined));
    await pass(SECOND);
    expect(await leads.requests.outcome('one', 0)).toEqual(ok('done'));
    expect(await requests()).toEqual([]);
  });

  it('is refused while a rebuild is requested or in progress', async () => {
    const leads = leader();
    await leads.requests.submit(rebuild('one'));
    expect(await leads.requests.submit(rebuild('two'))).toMatchObject({ error: { code: 'projection/busy' } });
    await pass(2 * SECOND);
    expect(await leads.requests.submit(rebuild('two'))).toMatchObject({ error: { code: 'projection/busy' } });
    leads.ends[0]?.(ok(undefined));
    await pass(SECOND);
    leads.supervisor.isRebuilding = true; // for a process that waits for the result
    expect(await leads.requests.submit(rebuild('two'))).toMatchObject({ error: { code: 'projection/busy' } });
    leads.supervisor.isRebuilding = false;
    expect(await leads.requests.submit(rebuild('two'))).toEqual(ok(undefined));
  });

  it('is refused for an unknown projection, and for one that cannot continue', async () => {
    const leads = leader();
    expect(await leads.requests.submit({ ...rebuild('one'), projection: 'other.v1' })).toMatchObject({
      error: { code: 'projection/not-found' },
    });
    Object.assign(leads.supervisor, { halt: { message: 'A newer release wrote it.' } });
    expect(await leads.requests.submit(rebuild('one'))).toMatchObject({ error: { code: 'projection/halted' } });
    expect(await requests()).toEqual([]);
  });

  it('keeps its error until the next one', async () => {
    const leads = leader();
    await leads.requests.submit(rebuild('one'));
    await pass(2 * SECOND);
    leads.ends[0]?.({ ok: false, error: projectionErrors.stillFailing(3) });
    await pass(SECOND);
    expect(await leads.requests.outcome('one', 0)).toMatchObject({ error: { code: 'projection/still-failing' } });
    expect((await requests()).map(({ document }) => document)).toMatchObject([
      { error: { code: 'projection/still-failing' } },
    ]);
    await leads.requests.submit(rebuild('two'));
    expect((await requests()).map(({ id }) => id)).toEqual(['two']);
  });

  it('is complete if another request has started the same rebuild', async () => {
    const leads = leader();
    await leads.requests.submit(rebuild('one'));
    await pass(2 * SECOND);
    leads.ends[0]?.({ ok: false, error: projectionErrors.busy() });
    await pass(SECOND);
    expect(await leads.requests.outcome('one', 0)).toEqual(ok('done'));
  });

  it('stays for the next leader', async () => {
    const first = leader();
    await first.requests.submit(rebuild('one'));
    first.stop();
    await pass(60 * SECOND);
    const second = leader();
    await pass(2 * SECOND);
    expect(second.ends).toHaveLength(1);
  });
});
