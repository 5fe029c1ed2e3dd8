import { join } from 'node:path';
import type { EventStore } from '#event-store';
import { openEmbeddedEventStore } from '#event-store/embedded';
import type { Position } from '#kernel';
import type { ReadStore } from '#read-store';
import { openEmbeddedReadStore } from '#read-store/embedded';
import { systemClock, systemIds as ids } from '#runtime/system';
import { eventually, manualClock, temporaryFolder, type ManualClock } from '#testing';
import { createEventSourcing, type EventSourcing } from './create-event-sourcing.ts';
import { serveGeneration } from './projection-control.ts';
import type { Reactor } from './service.ts';
import { accountDecider, balances, request } from './testdata/accounts.ts';
import { both, log, quickClock } from './testdata/surroundings.ts';

/** Milliseconds within which another replica must become the leader, by the clock of the leases. */
const TAKEN_OVER_MS = 5_000;
const STEP_MS = 100;

const root = temporaryFolder();
let eventStore: EventStore;
let readStore: ReadStore;
let closing: (() => Promise<void>)[];
beforeEach(async () => {
  const folder = join(root, ids.uuid());
  const stores = await both(
    openEmbeddedEventStore({ folder: join(folder, 'events'), clock: systemClock, ids, log }),
    openEmbeddedReadStore({ folder: join(folder, 'read'), log }),
  );
  ({ eventStore, readStore } = stores);
  closing = [() => stores.close()];
});
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
});

let commands = 0;
const writer = () => createEventSourcing({ eventStore, readStore, clock: systemClock, ids, log }).commands;
async function credit(runner: ReturnType<typeof writer>, account: string, amount: number): Promise<Position> {
  const name = () => request(`c${(commands += 1)}`);
  await runner.run(accountDecider, account, { is: 'open', owner: account }, name());
  const outcome = await runner.run(accountDecider, account, { is: 'credit', amount }, name());
  if (!outcome.ok) throw new Error(outcome.error.code);
  return outcome.value.position;
}

/** A replica of a service with its own clock. */
interface Replica {
  readonly clock: ManualClock;
  readonly sourcing: EventSourcing;
  /** IDs of the events that its reactor has handled. */
  readonly reacted: string[];
  /** Names of the leases that it holds. */
  readonly leases: ReadonlySet<string>;
  /** Suspends it, including its clock, until `thaw`. */
  freeze(): void;
  thaw(): void;
}

const REACTOR = 'reactor.credits.v1';

function replica(wallOffsetMs = 0): Replica {
  const clock = manualClock(Date.UTC(2026, 0, 1) + wallOffsetMs);
  let thawed = Promise.resolve();
  let thaw = () => {};
  const waiting =
    <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      await thawed;
      return call(...args);
    };
  const leases = new Set<string>();
  const reads: ReadStore = {
    ...readStore,
    apply: waiting(readStore.apply),
    release: waiting(readStore.release),
    lease: waiting(async (name, ...rest) => {
      const token = await readStore.lease(name, ...rest);
      if (token === undefined) leases.delete(name);
      else leases.add(name);
      return token;
    }),
  };
  const sourcing = createEventSourcing({ eventStore, readStore: reads, clock, ids, log, name: 'accounts' });
  closing.push(async () => {
    thaw();
    await sourcing.close();
  });
  const reacted: string[] = [];
  const reactor: Reactor = {
    name: 'credits.v1',
    events: balances.events,
    types: ['account.credited.v2'],
    react: waiting(async ({ metadata }) => void reacted.push(metadata.id)),
  };
  sourcing.reactors([reactor]);
  return {
    clock,
    sourcing,
    reacted,
    leases,
    freeze: () => void (thawed = new Promise((resolve) => (thaw = resolve))),
    thaw: () => thaw(),
  };
}

const stateOf = async ({ sourcing }: Replica) => (await sourcing.control.status())[0]?.state;

/** Completes all work that does not wait for a clock. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

/**
 * Advances the clocks in steps until the condition holds.
 *
 * @returns elapsed milliseconds by these clocks
 */
async function passing(replicas: readonly Replica[], condition: () => boolean): Promise<number> {
  for (let ms = 0; ms <= 60_000; ms += STEP_MS) {
    await idle();
    if (condition()) return ms;
    for (const { clock } of replicas) clock.advance(STEP_MS);
  }
  throw new Error('it did not happen within a minute');
}

/** Advances the clocks until the assertion about the stores succeeds. */
const becomes = (replicas: readonly Replica[], check: () => Promise<void>) =>
  eventually(async () => {
    for (const { clock } of replicas) clock.advance(5 * STEP_MS);
    await check();
  });
const reaches = (replicas: readonly Replica[], name: string, position: Position) =>
  becomes(replicas, async () => expect(((await readStore.checkpoint(name))?.position ?? '') >= position).toBe(true));

describe('replicas of one service', () => {
  let first: Replica;
  let second: Replica;
  let third: Replica;

  beforeEach(async () => {
    first = replica();
    await first.sourcing.projections([balances]);
    await passing([first], () => first.leases.size === 2);
    [second, third] = [replica(), replica()];
    for (const other of [second, third]) await other.sourcing.projections([balances]);
    await becomes([first, second, third], async () =>
      expect([await stateOf(first), await stateOf(second), await stateOf(third)]).toEqual([
        'live',
        'following',
        'following',
      ]),
    );
  });

  it.each([
    ['F15: when the leader stops (SIGTERM)', (leader: Replica) => leader.sourcing.close()],
    ['F27: when the leader is killed or frozen (SIGKILL, SIGSTOP)', async (leader: Replica) => leader.freeze()],
  ])('%s: one of the others leads within 5 s', async (_, end) => {
    const others = [second, third];
    const ended = end(first);
    const isLed = (name: string) => others.some(({ leases }) => leases.has(name));
    const tookMs = await passing(others, () => isLed(balances.name) && isLed(REACTOR));
    expect(tookMs).toBeLessThanOrEqual(TAKEN_OVER_MS);
    await ended;
    for (const name of [balances.name, REACTOR])
      expect(others.filter(({ leases }) => leases.has(name))).toHaveLength(1);
    await reaches(others, balances.name, await credit(writer(), 'account-a', 5));
    expect(await readStore.get(balances.name, 'account-a')).toMatchObject({ document: { balance: 5, credits: 1 } });
  });

  it('F27: write nothing as a suspended former leader that resumes, and follow the new leader', async () => {
    const all = [first, second, third];
    const write = writer();
    await reaches(all, balances.name, await credit(write, 'account-a', 5));
    first.freeze();
    await credit(write, 'account-a', 7); // read, but not yet written
    await passing([second, third], () => [second, third].some(({ leases }) => leases.has(balances.name)));
    const removed = await write.run(accountDecider, 'account-a', { is: 'close' }, request('close'));
    if (!removed.ok) throw new Error(removed.error.code);
    await reaches([second, third], balances.name, removed.value.position);
    first.thaw();
    await becomes(all, async () => expect(await stateOf(first)).toBe('following'));
    expect(await readStore.get(balances.name, 'account-a')).toBeUndefined();
    expect(await readStore.checkpoint(balances.name)).toMatchObject({ position: removed.value.position });
  });

  it('F34: lead no generation that was replaced between its lookup and its lease', async () => {
    const all = [first, second, third];
    await credit(writer(), 'account-a', 5);
    second.freeze(); // with the serving generation looked up, and the lease not yet requested
    for (let step = 0; step < 10; step += 1) {
      await idle();
      second.clock.advance(STEP_MS);
    }
    const rebuilt = first.sourcing.control.rebuild(balances.name);
    await passing([first], () => first.leases.has(`${balances.name}.g1`));
    await becomes([first], async () => expect(await stateOf(first)).toBe('live'));
    expect(await rebuilt).toEqual({ ok: true, value: undefined });
    second.thaw();
    await becomes(all, async () => expect(await stateOf(second)).toBe('following'));
    expect(await readStore.lease(balances.name, 'other', all[0]?.clock.now() ?? 0, 1)).toBeDefined();
    expect(await first.sourcing.control.rebuild(balances.name)).toEqual({ ok: true, value: undefined });
  });

  it('F34: find the position in a new generation soon after the switch, although readers cache the former one', async () => {
    await reaches([first, second, third], balances.name, await credit(writer(), 'account-a', 5));
    const read = (at?: Position) => second.sourcing.readModels.get(balances, 'account-a', at);
    expect(await read()).toMatchObject({ ok: true, value: { document: { balance: 5 } } });
    const rebuilt = first.sourcing.control.rebuild(balances.name);
    await passing([first], () => first.leases.has(`${balances.name}.g1`));
    await becomes([first], async () => expect(await stateOf(first)).toBe('live'));
    expect(await rebuilt).toEqual({ ok: true, value: undefined });
    const at = await credit(writer(), 'account-a', 7);
    await reaches([first], `${balances.name}.g1`, at);
    let found: unknown;
    const reading = read(at).then((outcome) => (found = outcome));
    expect(await passing([second], () => found !== undefined)).toBeLessThanOrEqual(3 * STEP_MS);
    await reading;
    expect(found).toMatchObject({ ok: true, value: { document: { balance: 12 } } });
  });

  it('F34: follow the serving generation when a former leader has switched to it', async () => {
    const all = [first, second, third];
    await serveGeneration(readStore, eventStore.storeId, balances.name, 1);
    await reaches(all, `${balances.name}.g1`, await credit(writer(), 'account-a', 5));
    expect(await readStore.get(`${balances.name}.g1`, 'account-a')).toMatchObject({ document: { balance: 5 } });
    await becomes(all, async () =>
      expect((await Promise.all(all.map(stateOf))).toSorted()).toEqual(['following', 'following', 'live']),
    );
  });

  it('handle each event once, also those that a suspended leader has not handled', async () => {
    const all = [first, second, third];
    const write = writer();
    const done = () => all.flatMap(({ reacted }) => reacted);
    for (let n = 1; n <= 10; n += 1) await credit(write, `account-${n}`, n);
    await reaches(all, REACTOR, await eventStore.head());
    expect(new Set(done()).size).toBe(10);
    expect(done()).toHaveLength(10);
    const leader = all.find(({ leases }) => leases.has(REACTOR));
    leader?.freeze();
    for (let n = 11; n <= 20; n += 1) await credit(write, `account-${n}`, n);
    const others = all.filter((other) => other !== leader);
    await reaches(others, REACTOR, await eventStore.head());
    expect(new Set(done()).size).toBe(20);
    expect(done()).toHaveLength(20);
  });
});

describe('F13: replicas whose clocks differ by 5 s', () => {
  it.each([5_000, -5_000])('build the same documents with either leader: %d ms', async (offsetMs) => {
    const both = [replica(), replica(offsetMs)];
    for (const { sourcing } of both) await sourcing.projections([balances]);
    const write = writer();
    for (let n = 1; n <= 30; n += 1) {
      await credit(write, `account-${n % 3}`, n);
      for (let step = 0; step < 4; step += 1) {
        await idle();
        for (const { clock } of both) clock.advance(STEP_MS);
      }
    }
    await reaches(both, balances.name, await eventStore.head());
    const { items } = await readStore.find<{ balance: number }>({ name: balances.name, indexes: [] }, {});
    expect(items.map(({ id, document }) => [id, document.balance])).toEqual([
      ['account-0', 165],
      ['account-1', 145],
      ['account-2', 155],
    ]);
    await becomes(both, async () =>
      expect((await Promise.all(both.map(stateOf))).toSorted()).toEqual(['following', 'live']),
    );
  });
});

describe('a reader that sends its last position', () => {
  /** Number of reads. Increase for a longer run. */
  const READS = Number(process.env['ASTRO_TEST_READS'] ?? 800);

  it('F34: gets no error and no older data from any replica while the projection is rebuilt and switched', async () => {
    const clock = quickClock(5);
    const replicas = [1, 2].map((number) => {
      const made = createEventSourcing({ eventStore, readStore, clock, ids, log, name: `accounts-${number}` });
      closing.push(() => made.close());
      return made;
    });
    for (const { projections } of replicas) await projections([balances]);
    const write = writer();
    let last = await credit(write, 'account-a', 1);
    let isOver = false;
    let rebuilds = 0;
    const rebuilding = (async () => {
      while (!isOver) {
        const outcome = await replicas[rebuilds % 2]?.control.rebuild(balances.name);
        if (outcome?.ok) rebuilds += 1;
        else if (outcome?.error.kind !== 'unavailable' && outcome?.error.kind !== 'conflict')
          throw new Error(JSON.stringify(outcome));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    const writing = (async () => {
      while (!isOver) {
        last = await credit(write, 'account-a', 1);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    const reader = async (source: EventSourcing, reads: number) => {
      let seen = 0;
      for (let n = 0; n < reads; n += 1) {
        const at = last;
        const found = await source.readModels.get(balances, 'account-a', at);
        if (!found.ok) throw new Error(`read ${n} of ${reads} after ${rebuilds} rebuilds: ${found.error.code}`);
        const credits = found.value?.document.credits ?? 0;
        if ((found.value?.position ?? '') < at)
          throw new Error(`read ${found.value?.position} where ${at} was asked for`);
        expect(credits).toBeGreaterThanOrEqual(seen);
        seen = credits;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    await Promise.all(replicas.flatMap((source) => [reader(source, READS / 4), reader(source, READS / 4)])).finally(
      () => (isOver = true),
    );
    await Promise.all([rebuilding, writing]);
    expect(rebuilds).toBeGreaterThan(2);
  });
});
