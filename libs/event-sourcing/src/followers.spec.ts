import { join } from 'node:path';
import { appendEvents, sealedEvents } from '#event-store/contract-suite';
import { openEmbeddedEventStore } from '#event-store/embedded';
import { EventStoreUnavailableError, isCaughtUp, type EventStore } from '#event-store';
import { position, type Position, type Recorded } from '#kernel';
import type { ReadStore } from '#read-store';
import { openEmbeddedReadStore } from '#read-store/embedded';
import { eventually, temporaryFolder } from '#testing';
import { openEmbeddedVault } from '#vault/embedded';
import { systemClock, systemIds as ids } from '#runtime/system';
import { createEventSourcing, type EventSourcing } from './create-event-sourcing.ts';
import { createLogFeed, type LogFeed } from './log-feed.ts';
import { LogHealth } from './log-health.ts';
import type { Reactor, Sweep } from './service.ts';
import { balances } from './testdata/accounts.ts';
import { both, log, quickClock } from './testdata/surroundings.ts';

const root = temporaryFolder();
const clock = quickClock(10);
const openStores = (folder: string) =>
  both(
    openEmbeddedEventStore({ folder: join(folder, 'events'), clock, ids, log }),
    openEmbeddedReadStore({ folder: join(folder, 'read'), log }),
  );
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => ({ data: { n: n + from } }));

let eventStore: EventStore;
let readStore: ReadStore;
let closing: (() => Promise<void>)[];
beforeEach(async () => {
  const stores = await openStores(join(root, ids.uuid()));
  ({ eventStore, readStore } = stores);
  closing = [() => stores.close()];
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

function sourcing(events = eventStore, reads = readStore): EventSourcing {
  const made = createEventSourcing({ eventStore: events, readStore: reads, clock, ids, log });
  closing.push(() => made.close());
  return made;
}

describe('the log of one process', () => {
  const feedOver = (store: EventStore, time = clock): LogFeed => {
    const feed = createLogFeed({ eventStore: store, clock: time, log, health: new LogHealth(log) });
    closing.push(() => feed.close());
    return feed;
  };
  async function follow(feed: LogFeed, count: number, after?: Position, pauseEvery = Number.POSITIVE_INFINITY) {
    const stop = new AbortController();
    const seen: string[] = [];
    for await (const batch of feed.follow(after, stop.signal)) {
      seen.push(...batch.events.map(({ id }) => id));
      if (seen.length >= count && batch.isLevel) stop.abort();
      if (seen.length % pauseEvery === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return seen;
  }
  const all = async () => {
    const events: string[] = [];
    for await (const { id } of eventStore.readAll()) events.push(id);
    return events;
  };

  it('F11: delivers every event once and in order to each follower, from any position', async () => {
    await appendEvents(eventStore, 'account-1', numbers(500));
    const { position: middle } = await appendEvents(eventStore, 'account-1', numbers(500));
    const feed = feedOver(eventStore);
    const total = 1000 + 8 * 500;
    const followers = [
      follow(feed, total),
      follow(feed, total - 1000, middle),
      follow(feed, total, undefined, 1),
      follow(feed, total),
    ];
    for (let n = 0; n < 8; n += 1) await appendEvents(eventStore, `account-${n + 2}`, numbers(500));
    const [first, fromMiddle, slow, second] = await Promise.all(followers);
    const expected = await all();
    expect(first).toEqual(expected);
    expect(second).toEqual(expected);
    expect(slow).toEqual(expected);
    expect(fromMiddle).toEqual(expected.slice(1000));
  });

  it('has one subscription, renews it when it breaks, and loses no event in the meantime', async () => {
    let subscriptions = 0;
    const breaking: EventStore = {
      ...eventStore,
      async *subscribe(options) {
        subscriptions += 1;
        let left = 3;
        for await (const delivery of eventStore.subscribe(options)) {
          if (subscriptions < 4 && !isCaughtUp(delivery) && left-- === 0)
            throw new EventStoreUnavailableError('the connection broke');
          yield delivery;
        }
      },
    };
    const feed = feedOver(breaking);
    const followers = [follow(feed, 20), follow(feed, 20)];
    for (let n = 0; n < 20; n += 1) await appendEvents(eventStore, 'account-1', numbers(1, n));
    const expected = await all();
    expect(await Promise.all(followers)).toEqual([expected, expected]);
    expect(subscriptions).toBe(4);
  });

  describe('far behind', () => {
    const EVENTS = 30_000;
    let read: number;
    let feed: LogFeed;
    beforeEach(async () => {
      for (let n = 0; n < EVENTS; n += 500) await appendEvents(eventStore, `account-${n % 7_000}`, numbers(500, n));
      read = 0;
    });
    const counting = (): EventStore => ({
      ...eventStore,
      async *readAll(options) {
        for await (const event of eventStore.readAll(options)) {
          read += 1;
          yield event;
        }
      },
    });

    it('use-L6: reads the log once for all followers with similar positions, whatever their speed', async () => {
      feed = feedOver(counting(), { ...systemClock, timer: (_ms, fire) => systemClock.timer(60_000, fire) });
      const seen = await Promise.all([
        follow(feed, EVENTS),
        follow(feed, EVENTS, undefined, 1),
        follow(feed, EVENTS),
        follow(feed, EVENTS, undefined, 1),
      ]);
      for (const ids of seen) expect(ids).toEqual(seen[0]);
      expect(seen[0]).toHaveLength(EVENTS);
      expect(read).toBe(EVENTS);
    });

    it('continues without a follower that does not read, and lets an urgent one read ahead', async () => {
      feed = feedOver(counting());
      const stop = new AbortController();
      const stuck = feed.follow(undefined, stop.signal)[Symbol.asyncIterator]();
      const first = await stuck.next();
      const urgent = (async () => {
        let count = 0;
        for await (const { events } of feed.follow(undefined, stop.signal, { isUrgent: true })) {
          count += events.length;
          if (count === EVENTS) return count;
        }
        return count;
      })();
      expect(await follow(feed, EVENTS)).toHaveLength(EVENTS);
      expect(await urgent).toBe(EVENTS);
      // The stopped follower resumes at its position.
      const second = await stuck.next();
      expect(second.value?.events[0]?.position > (first.value?.events.at(-1)?.position ?? '')).toBe(true);
      stop.abort();
      await stuck.return?.();
    });
  });

  it('advances past positions without events', async () => {
    const stop = new AbortController();
    const feed = feedOver(eventStore);
    const { position } = await appendEvents(eventStore, 'account-1', numbers(2));
    for await (const batch of feed.follow(undefined, stop.signal)) {
      if (!batch.isLevel) continue;
      expect(batch.position).toBe(position);
      stop.abort();
    }
  });
});

describe('reactors', () => {
  const reactor = (name: string, react: Reactor['react']): Reactor => ({
    name,
    events: { categories: ['account'], types: { 'contract.noted.v1': true, 'contract.other.v1': true } },
    types: ['contract.noted.v1'],
    react,
  });

  it('process each event of their types in order, and store a checkpoint afterwards', async () => {
    const seen: Recorded[] = [];
    await appendEvents(eventStore, 'account-1', [
      { data: { n: 0 } },
      { type: 'contract.other.v1' },
      { data: { n: 1 } },
    ]);
    const first = sourcing();
    first.reactors([reactor('notes.v1', async (recorded) => void seen.push(recorded))]);
    await eventually(async () =>
      expect((await readStore.checkpoint('reactor.notes.v1'))?.position).toBe(await eventStore.head()),
    );
    await first.close();
    await appendEvents(eventStore, 'account-1', [{ data: { n: 2 } }]);
    sourcing().reactors([reactor('notes.v1', async (recorded) => void seen.push(recorded))]);
    await eventually(() => expect(seen.map(({ event }) => event.data)).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]));
    expect(seen[0]?.metadata).toMatchObject({ stream: 'account-1', revision: 0 });
  });

  it('use-L1: read retired shapes as their current ones, and skip other categories', async () => {
    const seen: unknown[] = [];
    await appendEvents(eventStore, 'account-old', [
      { type: 'account.opened.v1', data: { owner: 'ada' } },
      { type: 'account.credited.v1', data: { euros: 3 } },
    ]);
    await appendEvents(eventStore, 'elsewhere-1', [{ type: 'account.credited.v2', data: { amount: 1 } }]);
    sourcing().reactors([
      {
        name: 'credits.v1',
        events: balances.events,
        types: ['account.credited.v2'],
        react: async ({ event }) => void seen.push(event),
      },
    ]);
    await eventually(async () =>
      expect((await readStore.checkpoint('reactor.credits.v1'))?.position).toBe(await eventStore.head()),
    );
    expect(seen).toEqual([{ type: 'account.credited.v2', data: { amount: 300 } }]);
  });

  it('retry what failed, which delays their own checkpoint only', async () => {
    let failures = 2;
    const done: string[] = [];
    await appendEvents(eventStore, 'account-1', numbers(2));
    sourcing().reactors([
      reactor('failing.v1', async ({ event }) => {
        if (failures-- > 0) throw new Error('not now');
        done.push(JSON.stringify(event.data));
      }),
      reactor('other.v1', async () => {}),
    ]);
    await eventually(async () =>
      expect((await readStore.checkpoint('reactor.other.v1'))?.position).toBe(await eventStore.head()),
    );
    expect(await readStore.checkpoint('reactor.failing.v1')).toBeUndefined();
    await eventually(() => expect(done).toEqual(['{"n":0}', '{"n":1}']));
  });

  it('run in one of several processes, and continue in another when that one ends', async () => {
    const seen: string[] = [];
    const one = sourcing();
    const two = sourcing();
    one.reactors([reactor('single.v1', async () => void seen.push('one'))]);
    await eventually(() =>
      readStore.lease('reactor.single.v1', 'probe', clock.now(), 1).then((token) => expect(token).toBeUndefined()),
    );
    two.reactors([reactor('single.v1', async () => void seen.push('two'))]);
    await appendEvents(eventStore, 'account-1', numbers(1));
    await eventually(() => expect(seen).toEqual(['one']));
    await one.close();
    await appendEvents(eventStore, 'account-1', numbers(1));
    await eventually(() => expect(seen).toEqual(['one', 'two']));
  });
});

describe('sweeps', () => {
  it('run at startup after projections have caught up, and repeatedly, even if one fails', async () => {
    await eventStore.append(
      'account-1',
      sealedEvents('account-1', [{ type: 'account.opened.v1', data: { owner: 'ada' } }]),
      -1,
    );
    const main = sourcing();
    const found: unknown[] = [];
    let failures = 1;
    const sweep: Sweep = {
      name: 'owed',
      everyMs: 200,
      async run() {
        found.push(await main.readModels.get(balances, 'account-1'));
        if (failures-- > 0) throw new Error('not now');
      },
    };
    await main.projections([balances]);
    main.sweeps([sweep]);
    await eventually(() => expect(found.length).toBeGreaterThanOrEqual(3));
    expect(found[0]).toMatchObject({ ok: true, value: { document: { owner: 'ada' } } });
  });

  it('do not run simultaneously in two processes, and stop with their process', async () => {
    let running = 0;
    let most = 0;
    let stopped = 0;
    const sweep: Sweep = {
      name: 'long',
      everyMs: 10,
      async run(signal) {
        most = Math.max(most, (running += 1));
        await new Promise<void>((resolve) => {
          setTimeout(resolve, 30).unref();
          signal.addEventListener('abort', () => (stopped++, resolve()));
        });
        running -= 1;
      },
    };
    const processes = [sourcing(), sourcing()];
    for (const process of processes) process.sweeps([sweep]);
    await eventually(() => expect(most).toBe(1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const process of processes) await process.close();
    expect(most).toBe(1);
    expect(running).toBe(0);
    expect(stopped).toBeLessThanOrEqual(1);
  });
});

describe('the directory of rights', () => {
  const created = (owner: string) => ({
    type: 'organization.created.v1',
    data: { name: 'Acme', slug: 'acme', ownerId: owner, isDefault: false },
  });
  async function roleOf(source: EventSourcing, member: string) {
    const current = await source.access.current();
    if (!current.ok) return current.error.code;
    return current.value.organization('acme')?.members.get(member)?.role;
  }

  it('includes each right when its event is acknowledged, in this process and in others', async () => {
    const here = sourcing();
    const there = sourcing();
    await appendEvents(eventStore, 'organization-1', [created('ada')]);
    expect(await Promise.all([roleOf(here, 'ada'), roleOf(there, 'ada')])).toEqual(['owner', 'owner']);
    for (let n = 0; n < 20; n += 1) {
      const role = n % 2 === 0 ? 'viewer' : 'editor';
      await appendEvents(eventStore, 'organization-1', [
        {
          type: n === 0 ? 'organization.member-added.v1' : 'organization.member-role-changed.v1',
          data: { memberId: 'bob', kind: 'person', role },
        },
      ]);
      expect(await Promise.all([roleOf(here, 'bob'), roleOf(there, 'bob')])).toEqual([role, role]);
    }
    await appendEvents(eventStore, 'organization-1', [
      { type: 'organization.member-removed.v1', data: { memberId: 'bob' } },
    ]);
    expect(await roleOf(there, 'bob')).toBeUndefined();
  });

  it('shares one lookup of the head between concurrent requests', async () => {
    let questions = 0;
    const counting: EventStore = {
      ...eventStore,
      head() {
        questions += 1;
        return eventStore.head();
      },
    };
    const source = sourcing(counting);
    await source.access.current();
    questions = 0;
    await Promise.all(Array.from({ length: 100 }, () => source.access.current()));
    expect(questions).toBe(1);
    await source.access.current();
    expect(questions).toBe(2);
  });

  it('reads at startup only what the vault does not contain, and has the same rights', async () => {
    const vault = await openEmbeddedVault({
      folder: join(root, ids.uuid()),
      clock,
      ids,
      sealingKeys: [{ id: 'k1', key: ids.random(32) }],
      log,
    });
    closing.push(() => vault.close());
    await appendEvents(eventStore, 'organization-1', [created('ada')]);
    for (let n = 0; n < 41; n += 1) await appendEvents(eventStore, `account-${n}`, numbers(500));
    const first = createEventSourcing({ eventStore, readStore, clock, ids, log, vault });
    // Reading the complete log may take longer than a request waits.
    await eventually(async () => expect(await roleOf(first, 'ada')).toBe('owner'));
    await appendEvents(eventStore, 'organization-1', [
      { type: 'organization.member-added.v1', data: { memberId: 'bob', kind: 'person', role: 'viewer' } },
    ]);
    expect(await roleOf(first, 'bob')).toBe('viewer');
    await first.close();

    const firstRead: (Position | undefined)[] = [];
    const counting: EventStore = {
      ...eventStore,
      readAll(options) {
        firstRead.push(options?.after);
        return eventStore.readAll(options);
      },
    };
    const second = createEventSourcing({ eventStore: counting, readStore, clock, ids, log, vault });
    expect(await roleOf(second, 'ada')).toBe('owner');
    expect(await roleOf(second, 'bob')).toBe('viewer');
    expect(firstRead[0]).toBe(position(eventStore.storeId, 20_000));
    await second.close();

    await vault.put(`directory/${eventStore.storeId}/v2/00000000`, new Uint8Array([1, 2, 3]));
    const third = createEventSourcing({ eventStore, readStore, clock, ids, log, vault });
    // What cannot be read from the vault is read from the log.
    await eventually(async () => expect(await roleOf(third, 'bob')).toBe('viewer'));
    await third.close();
  });

  it('is not current if the head cannot be read or was not reached', async () => {
    let isDown = false;
    let isSilent = false;
    const faulty: EventStore = {
      ...eventStore,
      async head() {
        if (isDown) throw new EventStoreUnavailableError('down');
        return eventStore.head();
      },
      async *subscribe(options) {
        for await (const delivery of eventStore.subscribe(options)) if (!isSilent) yield delivery;
      },
    };
    const source = sourcing(faulty);
    await appendEvents(eventStore, 'organization-1', [created('ada')]);
    expect(await roleOf(source, 'ada')).toBe('owner');
    isDown = true;
    expect(await source.access.current()).toMatchObject({
      ok: false,
      error: { code: 'access/not-current', kind: 'unavailable' },
    });
    isDown = false;
    expect(await roleOf(source, 'ada')).toBe('owner');
    isSilent = true;
    await appendEvents(eventStore, 'organization-1', [
      { type: 'organization.member-removed.v1', data: { memberId: 'ada' } },
    ]);
    expect(await roleOf(source, 'ada')).toBe('access/not-current');
  });

  it('rejects all requests if it contains an event that cannot be folded', async () => {
    const source = sourcing();
    await appendEvents(eventStore, 'organization-1', [created('ada')]);
    expect(await roleOf(source, 'ada')).toBe('owner');
    await appendEvents(eventStore, 'organization-1', [{ type: 'organization.member-removed.v1', data: null }]);
    await eventually(async () => expect(await roleOf(source, 'ada')).toBe('access/not-current'));
  });
});
