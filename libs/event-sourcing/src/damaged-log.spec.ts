import { join } from 'node:path';
import { appendEvents } from '#event-store/contract-suite';
import { openEmbeddedEventStore } from '#event-store/embedded';
import type { EventStore } from '#event-store';
import type { Logger, Position } from '#kernel';
import type { ReadStore } from '#read-store';
import { openEmbeddedReadStore } from '#read-store/embedded';
import { systemIds as ids } from '#runtime/system';
import { eventually, temporaryFolder } from '#testing';
import { damageLog } from '#testing/log';
import { openEmbeddedVault } from '#vault/embedded';
import { createEventSourcing, type EventSourcing } from './create-event-sourcing.ts';
import type { Reactor } from './service.ts';
import { accountDecider, balances, request } from './testdata/accounts.ts';
import { both, log, quickClock } from './testdata/surroundings.ts';

const root = temporaryFolder();
const clock = quickClock(20);

interface Line {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

describe('use-L3: a damaged log', () => {
  let folder: string;
  let eventStore: EventStore;
  let readStore: ReadStore;
  let closing: (() => Promise<void>)[];
  let errors: Line[];
  let leases: string[];

  const created = {
    type: 'organization.created.v1',
    data: { name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: false },
  };
  const bob = (role: string) => ({ memberId: 'bob', kind: 'person', role });

  // Positions 1 to 3 and 10: organization-1; 4 to 6: account-a; 7 to 9: account-b.
  beforeEach(async () => {
    folder = join(root, ids.uuid());
    const stores = await both(
      openEmbeddedEventStore({ folder, clock, ids, log }),
      openEmbeddedReadStore({ folder: join(folder, 'read'), log }),
    );
    ({ eventStore, readStore } = stores);
    closing = [() => stores.close()];
    errors = [];
    leases = [];
    await appendEvents(eventStore, 'organization-1', [
      created,
      { type: 'organization.member-added.v1', data: bob('editor') },
      { type: 'organization.member-role-changed.v1', data: { memberId: 'bob', role: 'viewer' } },
    ]);
    for (const account of ['account-a', 'account-b'])
      await appendEvents(eventStore, account, [
        { type: 'account.opened.v1', data: { owner: 'ada' } },
        { type: 'account.credited.v2', data: { amount: 1 } },
        { type: 'account.credited.v2', data: { amount: 2 } },
      ]);
    await appendEvents(eventStore, 'organization-1', [{ type: 'organization.seat-limit-set.v1', data: { limit: 5 } }]);
  });
  afterEach(async () => {
    for (const close of closing.reverse()) await close();
  });

  const positionOf = (sequence: number): Position =>
    `${eventStore.storeId}.${String(sequence).padStart(20, '0')}` as Position;
  const reactor: Reactor = {
    name: 'notes.v1',
    events: balances.events,
    types: ['account.opened.v1'],
    react: async () => {},
  };

  function sourcing(options: Partial<Parameters<typeof createEventSourcing>[0]> = {}): EventSourcing {
    const recording: Logger = { ...log, error: (fields, message) => errors.push({ fields: { ...fields }, message }) };
    const watched: ReadStore = {
      ...readStore,
      lease: (name, ...more) => (leases.push(name), readStore.lease(name, ...more)),
    };
    const made = createEventSourcing({ eventStore, readStore: watched, clock, ids, log: recording, ...options });
    closing.push(() => made.close());
    return made;
  }
  const credit = (source: EventSourcing, account: string) =>
    source.commands.run(accountDecider, account, { is: 'credit', amount: 1 }, request(ids.uuid()));
  const roleOfBob = async (source: EventSourcing) => {
    const current = await source.access.current();
    return current.ok ? current.value.organization('acme')?.members.get('bob')?.role : current.error.code;
  };
  const damages = () => errors.filter(({ message }) => message === 'the event log is damaged');

  it.each([
    ['a changed byte', `UPDATE events SET body = replace(body, 'system:', 'systen:') WHERE position = 5`, 5, 'altered'],
    [
      'a changed value',
      `UPDATE events SET body = replace(body, '"amount":1', '"amount":9') WHERE position = 5`,
      5,
      'altered',
    ],
    ['an event that does not parse', `UPDATE events SET body = substr(body, 2) WHERE position = 5`, 5, 'unreadable'],
    ['a removed event', `DELETE FROM events WHERE position = 5`, 6, 'missing'],
  ])('with %s rejects commands on that stream, stops its readers, and is reported once', async (_, sql, at, reason) => {
    damageLog(folder, sql);
    const source = sourcing();
    await source.projections([balances]);
    source.reactors([reactor]);
    await source.control.waitUntilApplied(await eventStore.head(), { orStopped: true });

    expect(await credit(source, 'account-a')).toMatchObject({
      ok: false,
      error: { code: 'event-store/chain-broken', kind: 'unavailable' },
    });
    expect(await credit(source, 'account-b')).toMatchObject({ ok: true });
    expect(await source.control.status()).toMatchObject([{ state: 'stopped' }]);
    const before = positionOf(at - (reason === 'missing' ? 2 : 1));
    expect((await readStore.checkpoint(balances.name))?.position).toBe(before);
    await eventually(async () => expect((await readStore.checkpoint('reactor.notes.v1'))?.position).toBe(before));
    expect(await roleOfBob(source)).toBe('viewer'); // rights are in other streams

    // By now, all readers have tried more than once, but the damage was logged once.
    await eventually(() => {
      for (const name of [balances.name, 'reactor.notes.v1'])
        expect(leases.filter((requested) => requested === name).length).toBeGreaterThanOrEqual(3);
    });
    expect(damages()).toMatchObject([
      { fields: { stream: 'account-a', revision: 1, position: positionOf(at), reason } },
    ]);
    expect(
      errors
        .map(({ fields }) => fields['reader'])
        .filter(Boolean)
        .toSorted(),
    ).toEqual(['projection balances.v1', 'reactor notes.v1']);
    expect(source.problems()).toEqual([
      expect.stringContaining(`Stream account-a is damaged at revision 1, found at position ${positionOf(at)}`),
    ]);
  });

  it.each([
    ['a changed role', `UPDATE events SET body = replace(body, 'viewer', 'owner') WHERE position = 3`, 2, 3],
    ['a removed change of a role', `DELETE FROM events WHERE position = 3`, 2, 10],
  ])('with %s rejects all requests instead of guessing a right', async (_, sql, revision, at) => {
    damageLog(folder, sql);
    const source = sourcing();
    expect(await roleOfBob(source)).toBe('access/not-current');
    expect(damages()).toMatchObject([{ fields: { stream: 'organization-1', position: positionOf(at) } }]);
    expect(damages()[0]?.fields['revision']).toBe(revision);
    expect(source.problems()).toEqual([expect.stringContaining('Stream organization-1 is damaged')]);
    expect(await credit(source, 'account-a')).toMatchObject({ ok: true });
  });

  it('without the last event of a stream rejects all requests, since it may concern any right', async () => {
    damageLog(folder, `DELETE FROM events WHERE position = 9`);
    const source = sourcing();
    expect(await roleOfBob(source)).toBe('access/not-current');
    expect(source.problems()).toEqual([expect.stringContaining(`position ${positionOf(9)} is missing`)]);
  });

  it('is detected while the process runs: by a rebuild, and by the next event of a stream', async () => {
    const source = sourcing();
    await source.projections([balances]);
    await source.control.waitUntilApplied(await eventStore.head());
    expect(source.problems()).toEqual([]);
    expect(await credit(source, 'account-a')).toMatchObject({ ok: true }); // its stream is cached from now on
    damageLog(folder, `UPDATE events SET body = replace(body, '"amount":1', '"amount":9') WHERE position = 5`);
    expect(await source.control.rebuild(balances.name)).toMatchObject({
      ok: false,
      error: {
        code: 'projection/halted',
        detail: expect.stringContaining('Stream account-a is damaged at revision 1'),
      },
    });
    expect(source.problems()).toHaveLength(1);
    expect(await credit(source, 'account-a')).toMatchObject({ ok: false, error: { code: 'event-store/chain-broken' } });

    damageLog(folder, `DELETE FROM events WHERE position = 9`);
    await eventStore.append(
      'account-b',
      [
        {
          ...((await lastOf('account-a')) ?? {}),
          id: ids.uuid(),
          stream: 'account-b',
          revision: 2,
        },
      ],
      1,
    );
    await eventually(() => expect(source.problems()).toHaveLength(2));
  });
  async function lastOf(stream: string) {
    for await (const event of eventStore.read(stream, { direction: 'backwards', limit: 1 })) return event;
    throw new Error('no event');
  }

  it('is detected in the part of the directory that the vault stores, and in the rest of the log', async () => {
    const vault = await openEmbeddedVault({
      folder: join(folder, 'vault'),
      clock,
      ids,
      sealingKeys: [{ id: 'k1', key: ids.random(32) }],
      log,
    });
    closing.push(() => vault.close());
    const numbers = Array.from({ length: 500 }, (_, n) => ({ data: { n } }));
    for (let n = 0; n < 41; n += 1) await appendEvents(eventStore, `elsewhere-${n}`, numbers);
    const first = sourcing({ vault });
    await eventually(async () => expect(await roleOfBob(first)).toBe('viewer'));
    await first.close();

    // The stored part is intact: rights are as recorded, whatever that part of the log contains now.
    damageLog(folder, `UPDATE events SET body = replace(body, 'viewer', 'owner') WHERE position = 3`);
    expect(await roleOfBob(sourcing({ vault }))).toBe('viewer');

    const record = await vault.get(`directory/${eventStore.storeId}/v2/00000000`);
    const kept = new TextDecoder().decode(record?.value);
    await vault.put(
      `directory/${eventStore.storeId}/v2/00000000`,
      new TextEncoder().encode(kept.replace('"viewer"', '"owner"')),
    );
    const third = sourcing({ vault });
    await eventually(() =>
      expect(third.problems()).toEqual([expect.stringContaining('Stream organization-1 is damaged')]),
    );
    expect(await roleOfBob(third)).toBe('access/not-current');
  });
});
