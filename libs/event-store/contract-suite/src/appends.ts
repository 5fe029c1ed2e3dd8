import { randomUUID } from 'node:crypto';
import { LIMITS, NO_STREAM, verifyStream, type EventStore } from '#event-store';
import { appendEvents, collect, numberIn, sealedEvents } from './drafts.ts';

/** Tests that appends are durable, exact, and idempotent. */
export function describeAppends(open: () => Promise<EventStore>): void {
  describe('appending', () => {
    let store: EventStore;
    let stream: string;
    beforeEach(async () => {
      store = await open();
      stream = `contract-${randomUUID()}`;
    });
    afterEach(() => store.close());

    const stored = () => collect(store.read(stream));

    it('reads back all members of what was appended, in order, with increasing positions', async () => {
      const data = { text: 'Zürich \u0000 \u{1F680} "quoted"', deep: [{ n: 1.5, none: null, yes: true }] };
      const sealed = sealedEvents(stream, [{ type: 'contract.a.v1', data }, { type: 'contract.b.v1' }]);
      const outcome = await store.append(stream, sealed, NO_STREAM);
      const events = await stored();
      expect(events).toEqual(sealed.map((event, index) => ({ ...event, position: events[index]?.position })));
      expect(outcome).toEqual({ ok: true, value: { revision: 1, position: events[1]?.position } });
      expect((events[0]?.position ?? '') < (events[1]?.position ?? '')).toBe(true);
      expect(events[0]?.position.startsWith(`${store.storeId}.`)).toBe(true);
      expect(verifyStream(events)).toMatchObject({ ok: true, value: { revision: 1 } });
    });

    it('returns the actual revision to a writer with an outdated one, and appends nothing', async () => {
      await appendEvents(store, stream, [{}, {}]);
      const late = sealedEvents(stream, [{}], 0);
      expect(await store.append(stream, late, 0)).toEqual({
        ok: false,
        error: { code: 'event-store/revision-conflict', expected: 0, actual: 1 },
      });
      const early = sealedEvents(stream, [{}], 5);
      expect(await store.append(stream, early, 5)).toEqual({
        ok: false,
        error: { code: 'event-store/revision-conflict', expected: 5, actual: 1 },
      });
      const first = sealedEvents(stream, [{}]);
      expect(await store.append(stream, first, NO_STREAM)).toMatchObject({ ok: false, error: { actual: 1 } });
      expect(await stored()).toHaveLength(2);
    });

    it('returns NO_STREAM to a writer that expected a stream that does not exist', async () => {
      const outcome = await store.append(stream, sealedEvents(stream, [{}], 3), 3);
      expect(outcome).toEqual({
        ok: false,
        error: { code: 'event-store/revision-conflict', expected: 3, actual: NO_STREAM },
      });
    });

    it('returns the same result for a repeated append, and stores it once', async () => {
      const events = sealedEvents(stream, [{}, {}]);
      const first = await store.append(stream, events, NO_STREAM);
      expect(await store.append(stream, events, NO_STREAM)).toEqual(first);
      expect(await stored()).toHaveLength(2);
    });

    it('returns the same result for a repeated append when the stream has grown since', async () => {
      const events = sealedEvents(stream, [{}, {}]);
      const first = await store.append(stream, events, NO_STREAM);
      await appendEvents(store, stream, [{}, {}, {}]);
      expect(await store.append(stream, events, NO_STREAM)).toEqual(first);
      expect(await stored()).toHaveLength(5);
    });

    it('returns the same result for a repeated append in the middle of a stream', async () => {
      await appendEvents(store, stream, [{}]);
      const [last] = await collect(store.read(stream, { direction: 'backwards', limit: 1 }));
      const events = sealedEvents(stream, [{}, {}], 0, last?.hash);
      const first = await store.append(stream, events, 0);
      await appendEvents(store, stream, [{}]);
      expect(await store.append(stream, events, 0)).toEqual(first);
      expect(await stored()).toHaveLength(4);
    });

    it('does not treat other data with the same IDs as a repeat', async () => {
      const id = randomUUID();
      await store.append(stream, sealedEvents(stream, [{ id, data: { n: 1 } }]), NO_STREAM);
      const other = sealedEvents(stream, [{ id, data: { n: 2 } }]);
      expect(await store.append(stream, other, NO_STREAM)).toMatchObject({
        ok: false,
        error: { code: 'event-store/revision-conflict', actual: 0 },
      });
      expect((await stored()).map(numberIn)).toEqual([1]);
    });

    it('does not treat a repeat with one additional event as a repeat', async () => {
      const drafts = [{ id: randomUUID() }];
      await store.append(stream, sealedEvents(stream, drafts), NO_STREAM);
      const longer = sealedEvents(stream, [...drafts, {}]);
      expect(await store.append(stream, longer, NO_STREAM)).toMatchObject({
        ok: false,
        error: { code: 'event-store/revision-conflict' },
      });
      expect(await stored()).toHaveLength(1);
    });

    it('F28: rejects an event over 64 KiB, and appends nothing of its batch', async () => {
      const events = sealedEvents(stream, [{}, { data: { text: 'x'.repeat(LIMITS.eventBytes) } }]);
      const error = { code: 'event-store/event-too-large', kind: 'invalid' };
      expect(await store.append(stream, events, NO_STREAM)).toMatchObject({ ok: false, error });
      expect(await stored()).toEqual([]);
    });

    it('F28: counts bytes, not characters, and includes the envelope', async () => {
      const overhead = Buffer.byteLength(JSON.stringify(sealedEvents(stream, [{ data: '' }])[0]));
      const room = LIMITS.eventBytes - overhead;
      const fits = sealedEvents(stream, [{ data: 'x'.repeat(room) }]);
      expect(await store.append(stream, fits, NO_STREAM)).toMatchObject({ ok: true });
      const tooLarge = sealedEvents(stream, [{ data: 'é'.repeat(Math.ceil((room + 1) / 2)) }], 0, fits[0]?.hash);
      expect(await store.append(stream, tooLarge, 0)).toMatchObject({
        ok: false,
        error: { code: 'event-store/event-too-large' },
      });
    });

    it('F28: rejects an append over 768 KiB of smaller events, and accepts one just below', async () => {
      const drafts = (count: number) =>
        Array.from({ length: count }, () => ({ data: { text: 'x'.repeat(63 * 1024) } }));
      const refused = sealedEvents(stream, drafts(13));
      const error = { code: 'event-store/append-too-large', kind: 'invalid' };
      expect(await store.append(stream, refused, NO_STREAM)).toMatchObject({ ok: false, error });
      expect(await stored()).toEqual([]);
      expect(await store.append(stream, sealedEvents(stream, drafts(12)), NO_STREAM)).toMatchObject({
        ok: true,
        value: { revision: 11 },
      });
    });

    it('throws for events that were sealed for another place, and for an empty append', async () => {
      await expect(store.append(stream, sealedEvents(stream, [{}], 4), NO_STREAM)).rejects.toThrow(
        'sealed for revision',
      );
      await expect(store.append(stream, sealedEvents('contract-other', [{}]), NO_STREAM)).rejects.toThrow(
        'sealed for revision',
      );
      await expect(store.append(stream, [], NO_STREAM)).rejects.toThrow('at least one event');
      expect(await stored()).toEqual([]);
    });

    it('F12: lets exactly one of 100 writers on one stream succeed in each round', async () => {
      for (let round = 0, hash = ''; round < 3; round += 1) {
        const rivals = Array.from({ length: 100 }, (_, n) => sealedEvents(stream, [{ data: { n } }], round - 1, hash));
        const outcomes = await Promise.all(rivals.map((events) => store.append(stream, events, round - 1)));
        expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
        const winner = rivals[outcomes.findIndex((outcome) => outcome.ok)];
        expect(
          outcomes.filter((outcome) => !outcome.ok && 'actual' in outcome.error && outcome.error.actual === round),
        ).toHaveLength(99);
        hash = winner?.[0]?.hash ?? '';
      }
      const events = await stored();
      expect(verifyStream(events)).toMatchObject({ ok: true, value: { revision: 2 } });
    });

    it('accepts simultaneous appends to many streams, and loses none', async () => {
      const before = await store.head();
      const streams = Array.from({ length: 64 }, () => `contract-${randomUUID()}`);
      await Promise.all(
        streams.map(async (name) => {
          for (let n = 0; n < 5; n += 1) await appendEvents(store, name, [{ data: { n } }]);
        }),
      );
      const mine = (await collect(store.readAll({ after: before }))).filter((event) => streams.includes(event.stream));
      expect(mine).toHaveLength(320);
      for (const name of streams)
        expect(mine.filter((event) => event.stream === name).map(numberIn)).toEqual([0, 1, 2, 3, 4]);
    });

    it('waits for appends in progress before it closes, and rejects later ones', async () => {
      const other = await open();
      const pending = other.append(stream, sealedEvents(stream, [{}]), NO_STREAM);
      await other.close();
      expect(await pending).toMatchObject({ ok: true });
      await expect(other.append(stream, sealedEvents(stream, [{}], 0), 0)).rejects.toMatchObject({
        code: 'event-store/unavailable',
      });
      expect(await stored()).toHaveLength(1);
    });
  });
}
