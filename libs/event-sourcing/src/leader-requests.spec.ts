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
  void new LeaderRequests({ ...stores, clock, ids, log, supervisors, signal }).serve();
  stopped.signal.addEventListener('abort', () => started.abort());
  return { ends, stop: () => started.abort() };
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
