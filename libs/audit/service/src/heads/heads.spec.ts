import { randomUUID } from 'node:crypto';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditHead, proveAuditRequest } from '#audit/contract';
import type { OutputOf } from '#bus/contract';
import { sealEvents, type StoredEvent } from '#event-store';
import { openEmbeddedEventStore } from '#event-store/embedded';
import { silentLogger } from '#kernel';
import { eventually, temporaryFolder } from '#testing';
import { damageLog } from '#testing/log';
import {
  isConsistent,
  isIncluded,
  isSignedBy,
  leafHash,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
} from '#transparency';
import { headStream } from './head.events.ts';
import { ACME, added, created, openHeads, OTHER, type Opened } from './heads-under-test.service.ts';

const root = temporaryFolder();

const bytes = (base64: string) => Buffer.from(base64, 'base64');
const checkpointOf = ({ note }: { readonly note: string }) => {
  const parsed = parseNote(note);
  const checkpoint = parsed && parseCheckpoint(parsed.text);
  if (!parsed || !checkpoint) throw new Error('not a checkpoint');
  return { parsed, ...checkpoint };
};

describe('heads of the audit log', () => {
  let opened: Opened;
  beforeEach(async () => {
    opened = await openHeads(join(root, randomUUID()));
    await opened.record(ACME, created('acme'), added(1), added(2));
    await opened.record(OTHER, created('other'));
  });
  afterEach(() => opened.close());

  const sign = async () => {
    await opened.sweep.run(new AbortController().signal);
    await opened.level();
  };

  it('are signed by the key of the installation, at most one a minute and only after a change', async () => {
    expect(await opened.queries.head({ org: ACME }, opened.context())).toMatchObject({
      ok: false,
      error: { code: 'audit/no-head' },
    });
    await sign();
    const first = await opened.head();
    expect(first).toMatchObject({ size: 3, organizationId: ACME });
    expect(first.note).toMatch(new RegExp(`^astro\\.acme\\.dev/audit/${ACME}\\n3\\n`));

    await opened.record(ACME, added(3));
    await sign();
    expect((await opened.head()).size).toBe(3);
    opened.later(60_000);
    await sign();
    expect((await opened.head()).size).toBe(4);
    opened.later(60_000);
    await sign();
    const heads = (await opened.events()).filter(({ stream }) => stream === headStream(ACME));
    expect(heads.map(({ type, data }) => [type, (data as AuditHead).size])).toEqual([
      ['audit.head-signed.v1', 3],
      ['audit.head-signed.v1', 4],
    ]);

    const keys = await opened.queries.keys({ org: ACME, limit: 500 }, opened.context());
    const [key] = keys.ok ? keys.value.items : [];
    const verifier = parseVerifierKey(key?.key ?? '');
    expect(verifier && isSignedBy(checkpointOf(first).parsed, verifier)).toBe(true);
    expect(key?.lastHeadAt).toBe((await opened.head()).signedAt);
  });

  it('prove each event, and that the log extends each earlier head', async () => {
    await sign();
    const earlier = checkpointOf(await opened.head());
    for (let n = 3; n < 303; n += 50) await opened.record(ACME, ...Array.from({ length: 50 }, (_, i) => added(n + i)));
    opened.later(60_000);
    await sign();
    const head = await opened.head();
    const tree = checkpointOf(head);
    expect(tree.size).toBe(303);

    const all: OutputOf<typeof proveAuditRequest>[] = [];
    for await (const { position, organizationId, stream, hash: eventHash } of opened.eventStore.readAll()) {
      if (organizationId !== ACME || stream.startsWith('audit-')) continue;
      const proof = await opened.proof({ position });
      all.push(proof);
      const { event, index, proof: hashes } = proof.inclusion ?? { event: { hash: '' }, index: -1, proof: [] };
      expect(event.hash).toBe(eventHash);
      expect(isIncluded(leafHash(Buffer.from(event.hash, 'hex')), index, tree, hashes.map(bytes))).toBe(true);
    }
    expect(all.map(({ inclusion }) => inclusion?.index)).toEqual(Array.from({ length: 303 }, (_, index) => index));

    for (const from of [0, 1, 3, 255, 256, 257, 303]) {
      const { consistency } = await opened.proof({ from });
      if (from === 3) expect(isConsistent(earlier, tree, (consistency?.proof ?? []).map(bytes))).toBe(true);
      expect(consistency).toMatchObject({ from, to: 303 });
    }
  });

  it('are not proved beyond, and not for events of others', async () => {
    await sign();
    await opened.record(ACME, added(3));
    const positions: Record<string, string> = {};
    for await (const { position, organizationId = '', revision } of opened.eventStore.readAll())
      positions[`${organizationId} ${revision}`] = position;
    const refused = async (input: { position: string } | { from: number; to?: number }) => {
      const found = await opened.queries.prove({ org: ACME, ...input }, opened.context());
      return found.ok ? 'proved' : found.error.code;
    };
    expect(await refused({ position: positions[`${ACME} 3`] ?? '' })).toBe('audit/not-in-head');
    expect(await refused({ position: positions[`${OTHER} 0`] ?? '' })).toBe('audit/no-such-event');
    expect(await refused({ position: '0' })).toBe('audit/no-such-event');
    expect(await refused({ position: '999999' })).toBe('audit/no-such-event');
    expect(await refused({ position: 'abcdefgh.00000000000000000001' })).toBe('audit/no-such-event');
    expect(await refused({ from: 4 })).toBe('audit/size-unknown');
    expect(await refused({ from: 3, to: 2 })).toBe('audit/size-unknown');
  });

  it('come with all events in pages, which chain to each other', async () => {
    await opened.record(ACME, ...Array.from({ length: 20 }, (_, n) => added(n + 3)));
    await sign();
    const page = await opened.queries.sealed({ org: ACME, from: 5 }, opened.context());
    const { events: items, head, next } = page.ok ? page.value : { events: [], head: undefined, next: undefined };
    expect(next).toBeUndefined();
    expect(items.map(({ index }) => index)).toEqual(Array.from({ length: 18 }, (_, at) => at + 5));
    expect(head?.size).toBe(23);
    for (const [at, { event, previousHash }] of items.entries()) {
      if (at > 0) expect(previousHash).toBe(items[at - 1]?.event.hash);
      expect(previousHash).toMatch(/^[0-9a-f]{64}$/);
      expect(Object.keys(event)).not.toContain('chain');
    }
  });

  it('are kept from editors, who can read the log of their own actions only, until they have the right audit', async () => {
    const ed = { memberId: 'user-ed', kind: 'person' } as const;
    await opened.record(ACME, { type: 'organization.member-added.v1', data: { ...ed, role: 'editor' } });
    await sign();
    const context = { ...opened.context(), principal: { ...opened.context().principal, memberId: 'user-ed' } };
    const answers = async () => [
      await opened.queries.prove({ org: ACME, from: 0 }, context),
      await opened.queries.sealed({ org: ACME, from: 0 }, context),
      await opened.queries.head({ org: ACME }, context),
      await opened.queries.keys({ org: ACME, limit: 500 }, context),
      await opened.queries.verify({ org: ACME }, context),
    ];
    for (const refused of await answers())
      expect(refused).toMatchObject({ ok: false, error: { code: 'audit/whole-log-only', kind: 'forbidden' } });
    await opened.record(ACME, {
      type: 'organization.audit-right-set.v1',
      data: { memberId: 'user-ed', granted: true },
    });
    await eventually(async () => {
      for (const permitted of await answers()) expect(permitted).toMatchObject({ ok: true });
    });
  });
});

describe('the export of the audit log with its proofs', () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await openHeads(join(root, 'export'));
    await opened.record(ACME, created('acme'), {
      type: 'organization.member-added.v1',
      data: { memberId: 'user-al', kind: 'person', role: 'admin' },
    });
    await opened.sweep.run(new AbortController().signal);
    await opened.level();
  });
  afterAll(() => opened.close());

  it('is for whom the plan permits, like that of the entries', async () => {
    const context = { ...opened.context(), principal: { ...opened.context().principal, memberId: 'user-al' } };
    const exported = () => opened.queries.sealed({ org: ACME, from: 0 }, context);
    expect(await exported()).toMatchObject({ ok: false, error: { code: 'audit/export-not-permitted' } });
    expect(await opened.queries.prove({ org: ACME, from: 0 }, context)).toMatchObject({ ok: true });
    expect(await opened.queries.sealed({ org: ACME, from: 0 }, opened.context())).toMatchObject({ ok: true });
    opened.exportedBy('everyone who can read the audit log');
    expect(await exported()).toMatchObject({ ok: true });
  });
});

describe('F17: verification of the audit log', () => {
  const folder = join(root, 'whole');
  // Positions 1, 2, 4, 5, 9: events of acme; 3: of another organization; 6: the key; 7 and 8: heads, of acme the second.
  beforeAll(async () => {
    const opened = await openHeads(folder);
    await opened.record(ACME, created('acme'), added(1));
    await opened.record(OTHER, created('other'));
    await opened.record(ACME, added(2), added(3));
    await opened.sweep.run(new AbortController().signal);
    await opened.level();
    await opened.record(ACME, added(4));
    await opened.close();
  });

  const stream = `organization-${ACME}`;
  const verified = async (damaged: string) => {
    const opened = await openHeads(damaged);
    const { whole, fault, events, heads, unsigned } = await opened.verify().finally(() => opened.close());
    return {
      whole,
      events,
      heads,
      unsigned,
      fault: fault && `${fault.reason} ${fault.stream} ${fault.revision} at ${Number(fault.position.slice(-20))}`,
    };
  };
  const copyOf = (): string => {
    const copy = join(root, randomUUID());
    cpSync(folder, copy, { recursive: true });
    return copy;
  };

  it('finds nothing in a log that is whole', async () => {
    expect(await verified(folder)).toEqual({ whole: true, events: 5, heads: 1, unsigned: 1, fault: null });
  });

  it.each([
    [
      'a changed bit',
      `UPDATE events SET body = replace(body, 'user-2', 'user-3') WHERE position = 4`,
      `chain ${stream} 2 at 4`,
    ],
    ['a removed event', 'DELETE FROM events WHERE position = 4', `chain ${stream} 2 at 5`],
    [
      'swapped events',
      'UPDATE events SET body = other.body FROM (SELECT position, body FROM events WHERE position IN (4, 5)) other WHERE other.position = 9 - events.position',
      `chain ${stream} 2 at 4`,
    ],
    [
      'a forged head',
      `UPDATE events SET body = replace(body, '/audit/', '/other/') WHERE position = 8`,
      `signature audit-${ACME} 0 at 8`,
    ],
  ])('finds %s', async (_, sql, fault) => {
    const copy = copyOf();
    damageLog(copy, sql);
    expect(await verified(copy)).toMatchObject({ whole: false, fault });
  });

  /** Writes the log again with other events, all of whose chains are right, as somebody with every password could. */
  async function rebuilt(change: (events: readonly StoredEvent[]) => readonly StoredEvent[]): Promise<string> {
    const source = await openHeads(folder);
    const events: StoredEvent[] = [];
    for await (const event of source.eventStore.readAll()) events.push(event);
    await source.close();
    const copy = copyOf();
    for (const file of readdirSync(copy)) if (file.startsWith('events')) rmSync(join(copy, file));
    const { clock, ids } = source;
    const store = await openEmbeddedEventStore({ folder: copy, clock, ids, log: silentLogger });
    const last = new Map<string, { readonly revision: number; readonly hash: string }>();
    for (const { position: _, hash: __, ...event } of change(events)) {
      const { revision, hash: previous } = last.get(event.stream) ?? { revision: -1, hash: '' };
      const [sealed] = sealEvents([{ ...event, revision: revision + 1 }], previous);
      if (!sealed) throw new Error('nothing sealed');
      last.set(event.stream, sealed);
      await store.append(event.stream, [sealed], revision);
    }
    await store.close();
    return copy;
  }

  it.each<[string, (events: readonly StoredEvent[]) => readonly StoredEvent[], object]>([
    ['nothing in the same events', (events) => events, { whole: true, fault: null }],
    [
      'another event',
      ([a, b, c, d, ...rest]) => [a, b, c, { ...d, data: added(9).data }, ...rest] as StoredEvent[],
      { fault: `root audit-${ACME} 0 at 8` },
    ],
    [
      'one event more',
      ([a, b, ...rest]) => [a, b, { ...b, id: randomUUID() }, ...rest] as StoredEvent[],
      { fault: `root audit-${ACME} 0 at 9` },
    ],
    [
      'a stream that is gone',
      (events) => events.filter((event) => event.stream !== stream),
      { events: 0, fault: `missing audit-${ACME} 0 at 4` },
    ],
    [
      'an end that is cut',
      (events) =>
        events.filter((event) => event.organizationId !== ACME || event.stream !== stream || event.revision < 3),
      { fault: `missing audit-${ACME} 0 at 7` },
    ],
  ])('finds in a log that was written again: %s', async (_, change, found) => {
    expect(await verified(await rebuilt(change))).toMatchObject(found);
  });
});
