import { jest } from '@jest/globals';
import { join } from 'node:path';
import { createEventSourcing } from '#event-sourcing';
import type { EventStore } from '#event-store';
import { openEmbeddedEventStore } from '#event-store/embedded';
import { silentLogger, type Clock } from '#kernel';
import type { ReadStore } from '#read-store';
import { openEmbeddedReadStore } from '#read-store/embedded';
import { systemClock, systemIds as ids } from '#runtime/system';
import { temporaryFolder } from '#testing';
import { checkPlatform } from '#testing/checker';
import { CONTEXTS } from './contexts.ts';
import { RECORDED_RELEASES, unpackData } from './recorded-data.fixture.ts';

const RENEWAL_MS = 1_000;
jest.setTimeout(400_000);

/** Pauses after a failure are short here; only leases are renewed at their own pace. */
const clock: Clock = {
  ...systemClock,
  timer: (ms, fire) => systemClock.timer(ms === RENEWAL_MS ? ms : Math.min(ms, 2), fire),
};
const projections = CONTEXTS.flatMap(({ projections: own }) => [...own]);

describe.each(RECORDED_RELEASES)('the projections of every context, over the log of release %s', (release) => {
  const dataDir = unpackData(release);
  const folder = temporaryFolder();
  let eventStore: EventStore;
  let readStore: ReadStore;

  beforeAll(async () => {
    eventStore = await openEmbeddedEventStore({ folder: dataDir, clock, ids, log: silentLogger });
    readStore = await openEmbeddedReadStore({ folder: join(folder, 'read'), log: silentLogger });
  });
  afterAll(async () => {
    await readStore.close();
    await eventStore.close();
  });

  it('F8: end equal to the fold when they are killed between each write and its checkpoint', async () => {
    // One event is one batch, so that each has a write and a checkpoint of its own.
    const oneByOne: EventStore = { ...eventStore, readAll: (options) => eventStore.readAll({ ...options, limit: 1 }) };
    const killed = new Set<string>();
    const written = new Set<string>(); // a release has no events of projections that came after it
    const killing: ReadStore = {
      ...readStore,
      async apply(writes, move) {
        const point = `${move?.name} ${move?.position}`;
        for (const { collection } of writes) written.add(collection);
        if (!move || writes.length === 0 || killed.has(point)) return readStore.apply(writes, move);
        killed.add(point);
        await readStore.apply(writes);
        throw new Error('killed between the write and the checkpoint');
      },
    };
    const sourcing = createEventSourcing({ eventStore: oneByOne, readStore: killing, clock, ids, log: silentLogger });
    await sourcing.projections(projections);
    await sourcing.control.waitUntilApplied(await eventStore.head());
    await sourcing.close();
    expect(await checkPlatform({ eventStore, readStore, projections, notes: [] })).toEqual([]);
    const names = new Set([...killed].map((point) => point.split(' ')[0]));
    const withEvents = projections.map(({ name }) => name).filter((name) => written.has(name));
    expect([...names].toSorted()).toEqual(withEvents.toSorted());
    expect(withEvents.length).toBeGreaterThan(10);
    expect(killed.size).toBeGreaterThan(100);
  });
});
