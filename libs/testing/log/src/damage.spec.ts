import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { ChainCheck, verifyLog, type ChainBrokenError, type EventStore } from '#event-store';
import { appendEvents, collect } from '#event-store/contract-suite';
import { position, sequenceOf, silentLogger } from '#kernel';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { temporaryFolder } from '#testing';
import { damageLog } from './index.ts';
import { openEmbeddedEventStore } from '#event-store/embedded';

describe('use-L3: verification of a damaged log', () => {
  const root = temporaryFolder();
  let folder: string;
  let store: EventStore;
  beforeEach(async () => {
    folder = join(root, randomUUID());
    store = await openEmbeddedEventStore({ folder, clock, ids, log: silentLogger });
    // Positions 1 to 12: one event of each stream in turn.
    for (let n = 0; n < 4; n += 1)
      for (const stream of ['contract-a', 'contract-b', 'contract-c'])
        await appendEvents(store, stream, [{ data: { n, role: 'viewer' } }]);
  });
  afterEach(() => store.close());

  const described = ({ stream, revision, position: at, reason }: ChainBrokenError): string =>
    `${stream} ${revision} at ${sequenceOf(at)}: ${reason}`;
  async function verified() {
    const faults = verifyLog(store);
    const found: string[] = [];
    for (;;) {
      const step = await faults.next();
      if (step.done) return { found, ...step.value };
      found.push(described(step.value));
    }
  }
  /** Checks the log after a position in one section. Returns all faults by the position of the event that shows them. */
  async function faultsAfter(sequence: number, checkedStore: ConstructorParameters<typeof ChainCheck>[0] = store) {
    const after = position(store.storeId, sequence);
    const events = await collect(store.readAll({ after }));
    const faults = await new ChainCheck(checkedStore).check(events, after);
    return [...faults].map(([at, found]) => [sequenceOf(at), found.map(described)]);
  }
  const damage = (sql: string) => damageLog(folder, sql);

  it('finds no damage in an intact log, and counts its events', async () => {
    expect(await verified()).toEqual({ found: [], events: 12, streams: 3 });
  });

  it.each([
    [
      'a changed value',
      `UPDATE events SET body = replace(body, 'viewer', 'owner') WHERE position = 5`,
      ['contract-b 1 at 5: altered'],
    ],
    [
      'a changed byte in the envelope',
      `UPDATE events SET body = replace(body, 'system:', 'systen:') WHERE position = 1`,
      ['contract-a 0 at 1: altered'],
    ],
    [
      'an event that cannot be parsed',
      `UPDATE events SET body = substr(body, 2) WHERE position = 6`,
      ['contract-c 1 at 6: unreadable'],
    ],
    [
      'an event with an unknown structure',
      `UPDATE events SET body = 'null' WHERE position = 6`,
      ['contract-c 1 at 6: unreadable'],
    ],
    [
      'an event that names another stream than its row',
      `UPDATE events SET stream = 'contract-z' WHERE position = 10`,
      ['contract-z 0 at 10: missing'],
    ],
    ['a removed event', `DELETE FROM events WHERE position = 4`, ['contract-a 1 at 7: missing']],
    ['a removed first event', `DELETE FROM events WHERE position = 2`, ['contract-b 0 at 5: missing']],
    [
      'events removed from two streams',
      `DELETE FROM events WHERE position IN (4, 5)`,
      ['contract-a 1 at 7: missing', 'contract-b 1 at 8: missing'],
    ],
    ['a removed last event of a stream', `DELETE FROM events WHERE position = 10`, [' 0 at 10: missing']],
    ['a stream that is removed completely', `DELETE FROM events WHERE stream = 'contract-b'`, [' 0 at 2: missing']],
    [
      'reordered events',
      `UPDATE events SET position = CASE position WHEN 4 THEN 107 WHEN 7 THEN 104 END WHERE position IN (4, 7)`,
      ['contract-a 1 at 4: missing'],
    ],
  ])('reports the first damaged position of %s', async (_, sql, found) => {
    damage(sql);
    if (sql.includes('107')) damage('UPDATE events SET position = position - 100 WHERE position > 100');
    expect((await verified()).found).toEqual(found);
  });

  it('lists each damaged stream once, in the order of the log', async () => {
    damage(`UPDATE events SET body = replace(body, 'viewer', 'owner') WHERE stream IN ('contract-a', 'contract-c')`);
    expect((await verified()).found).toEqual(['contract-a 0 at 1: altered', 'contract-c 0 at 3: altered']);
  });

  it('distinguishes a removed event from one that another damaged stream explains', async () => {
    // The end of b, and an event in the middle of c, which the next event of c reveals. One of the two gaps remains
    // unexplained.
    await appendEvents(store, 'contract-a', [{}]);
    damage('DELETE FROM events WHERE position IN (9, 11)');
    expect((await verified()).found).toEqual([' 0 at 11: missing', 'contract-c 2 at 12: missing']);
  });

  it('attributes each gap to the first later event that explains it, and to no gap after that', async () => {
    for (const stream of ['contract-d', 'contract-e', 'contract-d', 'contract-d', 'contract-e', 'contract-e'])
      await appendEvents(store, stream, [{}]);
    damage('DELETE FROM events WHERE position IN (15, 17)'); // revision 1 of d and of e
    expect((await verified()).found).toEqual(['contract-d 1 at 16: missing', 'contract-e 1 at 18: missing']);
  });

  it('trusts the event before the place where a check starts, and compares the next one with it', async () => {
    for (const start of [0, 3, 7, 12]) expect(await faultsAfter(start)).toEqual([]);
    damage(`UPDATE events SET body = replace(body, 'viewer', 'owner') WHERE position = 7`);
    damage(`UPDATE events SET body = substr(body, 2) WHERE position = 5`);
    damage('DELETE FROM events WHERE position = 6');
    expect(await faultsAfter(6)).toEqual([
      [7, ['contract-a 2 at 7: altered']],
      [8, ['contract-b 1 at 5: unreadable']],
      [9, ['contract-c 1 at 9: missing']],
    ]);
  });

  it('reports an unreadable event again at the next one of its stream, which cannot be checked without it', async () => {
    damage(`UPDATE events SET body = substr(body, 2) WHERE position = 5`);
    expect(await faultsAfter(0)).toEqual([
      [5, ['contract-b 1 at 5: unreadable']],
      [8, ['contract-b 1 at 5: unreadable']],
    ]);
  });

  it('compares later events with the newest one, not with one that is out of order', async () => {
    damage(`UPDATE events SET position = CASE position WHEN 4 THEN 107 ELSE 104 END WHERE position IN (4, 7)`);
    damage('UPDATE events SET position = position - 100 WHERE position > 100');
    expect(await faultsAfter(0)).toEqual([
      [4, ['contract-a 1 at 4: missing']],
      [7, ['contract-a 1 at 7: out of order']],
    ]);
    const [first, next] = await collect(store.read('contract-b'));
    if (!first || !next) throw new Error('contract-b has events');
    const twice = [first, { ...first, hash: 'other' }, { ...next, position: position(store.storeId, 3) }];
    const faults = await new ChainCheck(store).check(twice, position(store.storeId, 1));
    expect([...faults.values()].flat().map(described)).toEqual(['contract-b 0 at 2: out of order']);
  });

  it('reports an unexplained gap once, for every stream', async () => {
    damage(`DELETE FROM events WHERE stream = 'contract-b'`);
    expect(await faultsAfter(0)).toEqual([[3, [' 0 at 2: missing']]]);
    expect(await faultsAfter(10)).toEqual([[12, [' 0 at 11: missing']]]);
  });

  it('concludes nothing from gaps in a store whose positions are not consecutive', async () => {
    damage('DELETE FROM events WHERE position IN (4, 11)');
    const sparse = {
      read: store.read.bind(store),
      readAll: store.readAll.bind(store),
      hasConsecutivePositions: false,
    };
    expect(await faultsAfter(0, sparse)).toEqual([[7, ['contract-a 1 at 7: missing']]]);
    expect(await faultsAfter(0)).toEqual([
      [7, ['contract-a 1 at 7: missing']],
      [12, [' 0 at 11: missing']],
    ]);
  });

  it('delivers unreadable events in their place, with all ways of reading', async () => {
    damage('UPDATE events SET body = substr(body, 2) WHERE position = 5');
    const byStream: (readonly [number, string])[] = [];
    for await (const { revision, type } of store.read('contract-b')) byStream.push([revision, type]);
    expect(byStream).toEqual([
      [0, 'contract.noted.v1'],
      [1, 'event-store.unreadable'],
      [2, 'contract.noted.v1'],
      [3, 'contract.noted.v1'],
    ]);
    const inLog: string[] = [];
    for await (const event of store.readAll({ after: position(store.storeId, 4), limit: 2 }))
      inLog.push(`${event.stream} ${event.revision} ${event.hash}`);
    expect(inLog[0]).toBe('contract-b 1 ');
    expect(inLog).toHaveLength(2);
  });
});
