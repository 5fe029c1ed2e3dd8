import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { verifyLog, type EventStore } from '#event-store';
import { appendEvents } from '#event-store/contract-suite';
import { position, silentLogger } from '#kernel';
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

  async function verified() {
    const faults = verifyLog(store);
    const found: string[] = [];
    for (;;) {
      const step = await faults.next();
      if (step.done) return { found, ...step.value };
      const { stream, revision, position: at, reason } = step.value;
      found.push(`${stream} ${revision} at ${Number(at.slice(-20))}: ${reason}`);
    }
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
