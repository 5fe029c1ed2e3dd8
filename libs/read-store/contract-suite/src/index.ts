import { randomUUID } from 'node:crypto';
import { position, type Json } from '#kernel';
import type { Collection, ReadStore, Write } from '#read-store';
import { checkpointContract } from './checkpoints.ts';
import { findContract } from './find.ts';
import type { Fixture } from './fixture.ts';

/**
 * Tests that every engine must pass. Behavior of a single engine is not part of the port.
 * @param open opens the same store each time
 */
export function readStoreContract(engine: string, open: () => Promise<ReadStore>): void {
  describe(`read store on ${engine}`, () => {
    let store: ReadStore;
    let collection: Collection;
    const at = (sequence: number) => position('contractstore', sequence);
    const put = (id: string, sequence: number, document: Json): Write => ({
      collection: collection.name,
      id,
      position: at(sequence),
      document,
    });
    beforeEach(async () => {
      store = await open();
      collection = { name: `contract-${randomUUID()}`, indexes: ['group', 'rank', 'deep.value'] };
      await store.ensure(collection);
    });
    afterEach(async () => {
      await store.drop(collection.name);
      await store.close();
    });
    const fixture: Fixture = { store: () => store, open, collection: () => collection, at, put };

    describe('documents', () => {
      it('returns documents as written, with their position', async () => {
        const document = {
          text: 'grün \u0000 \u{1F600}',
          list: [1, { two: null }, [[], [2, ['three']]]],
          deep: { value: 'x' },
          $set: { 'a.b': 1 },
        };
        expect(await store.apply([put('a', 1, document)])).toEqual({ ok: true, value: undefined });
        expect(await store.get(collection.name, 'a')).toEqual({ id: 'a', position: at(1), document });
      });

      it('C1: preserves names and texts that have a meaning for an engine or a driver', async () => {
        const document = JSON.parse(
          `{"$where":"1","a.b":{"$gt":""},"":1,"%24":2,"__proto__":{"x":1},"constructor":"c","_bsontype":"ObjectId",
            "deep":{"_bsontype":"Binary","$ref":"x"},"half":"\\ud800","one":"\\u0001","group":"a\\u0000b","rank":-1.5e300}`,
        ) as Json;
        await store.apply([put('$where', 1, document), put('a.b\u0000', 1, { group: 'a\u0001b' })]);
        const read = await store.get(collection.name, '$where');
        expect(JSON.stringify(read?.document)).toBe(JSON.stringify(document));
        const found = await store.find(collection, { where: { group: 'a\u0000b' } });
        expect(found.items.map(({ id }) => id)).toEqual(['$where']);
        const page = await store.find(collection, { sort: { field: 'group', direction: 'ascending' }, limit: 1 });
        expect(page.items.map(({ id }) => id)).toEqual(['$where']);
        const rest = {
          sort: { field: 'group', direction: 'ascending' },
          ...(page.next && { cursor: page.next }),
        } as const;
        expect((await store.find(collection, rest)).items.map(({ id }) => id)).toEqual(['a.b\u0000']);
      });

      it('finds nothing without writes, and nothing in a collection that does not exist', async () => {
        const missing = { name: `missing-${randomUUID()}`, indexes: ['group'] };
        expect(await store.get(collection.name, 'a')).toBeUndefined();
        expect(await store.get(missing.name, 'a')).toBeUndefined();
        expect(await store.find(missing, {})).toEqual({ items: [] });
        expect(await store.count(missing, {})).toBe(0);
        expect(await store.sweepTombstones(missing.name, at(1))).toBe(0);
        await store.drop(missing.name);
      });

      it('skips a write whose position the document has already reached', async () => {
        await store.apply([put('a', 5, { n: 'first' })]);
        await store.apply([put('a', 5, { n: 'same' })]);
        await store.apply([put('a', 4, { n: 'older' }), put('b', 4, { n: 'other' })]);
        expect(await store.get(collection.name, 'a')).toMatchObject({ position: at(5), document: { n: 'first' } });
        expect(await store.get(collection.name, 'b')).toMatchObject({ position: at(4) });
      });

      it('applies the last of several writes to one document in a batch', async () => {
        await store.apply([put('a', 1, { n: 1 }), put('a', 2, { n: 2 }), put('a', 3, { n: 3 })]);
        expect(await store.get(collection.name, 'a')).toMatchObject({ position: at(3), document: { n: 3 } });
      });

      it('replaces a document of another event store, whatever its sequence number', async () => {
        const foreign = position('anotherstore', 900);
        await store.apply([{ collection: collection.name, id: 'a', position: foreign, document: { of: 'another' } }]);
        await store.apply([put('a', 1, { of: 'this' })]);
        expect(await store.get(collection.name, 'a')).toMatchObject({ position: at(1), document: { of: 'this' } });
      });

      it('keeps a document removed when a former leader writes an earlier read (F27)', async () => {
        await store.apply([put('a', 1, { n: 1 })]);
        await store.apply([{ collection: collection.name, id: 'a', position: at(3), removed: true }]);
        await store.apply([put('a', 2, { n: 2 })]);
        expect(await store.get(collection.name, 'a')).toBeUndefined();
        expect(await store.find(collection, {})).toEqual({ items: [] });
        expect(await store.count(collection, {})).toBe(0);
        await store.apply([put('a', 4, { n: 4 })]);
        expect(await store.get(collection.name, 'a')).toMatchObject({ document: { n: 4 } });
      });

      it('records the removal of a document that never existed', async () => {
        await store.apply([{ collection: collection.name, id: 'a', position: at(3), removed: true }]);
        await store.apply([put('a', 2, { n: 2 })]);
        expect(await store.get(collection.name, 'a')).toBeUndefined();
      });

      it('F27: keeps the later of two positions in any order of writes, even for new documents', async () => {
        const other = await open();
        const batch = (sequence: number) =>
          Array.from({ length: 20 }, (_, n) => put(`d${n}`, sequence, { group: `of ${sequence}` }));
        await Promise.all([store.apply(batch(2)), other.apply(batch(3))]);
        await other.close();
        expect(await store.count(collection, { group: 'of 3' })).toBe(20);
      });

      it('applies the new writes of a batch in which others are skipped', async () => {
        await store.apply([put('d1', 5, { n: 5 }), put('d3', 5, { n: 5 })]);
        await store.apply(Array.from({ length: 5 }, (_, n) => put(`d${n}`, 4, { n: 4 })));
        const { items } = await store.find<{ n: number }>(collection, {});
        expect(items.map(({ document }) => document.n)).toEqual([4, 5, 4, 5, 4]);
      });

      it('sweeps tombstones up to a position, and nothing else', async () => {
        const removed = (id: string, sequence: number): Write => ({
          collection: collection.name,
          id,
          position: at(sequence),
          removed: true,
        });
        await store.apply([put('kept', 1, {}), removed('old', 2), removed('older', 1), removed('young', 9)]);
        expect(await store.sweepTombstones(collection.name, at(2))).toBe(2);
        expect(await store.sweepTombstones(collection.name, at(2))).toBe(0);
        await store.apply([put('young', 8, {}), put('old', 2, {})]);
        expect(await store.get(collection.name, 'young')).toBeUndefined();
        expect(await store.get(collection.name, 'old')).toBeDefined();
        expect(await store.get(collection.name, 'kept')).toBeDefined();
      });

      it('accepts 100 writes at a time, and refuses 101 without writing any', async () => {
        const batch = (count: number, sequence: number) =>
          Array.from({ length: count }, (_, n) => put(`d${n}`, sequence, { n }));
        await expect(store.apply(batch(101, 1))).rejects.toThrow('at most 100');
        expect(await store.count(collection, {})).toBe(0);
        await store.apply(batch(100, 1));
        expect(await store.count(collection, {})).toBe(100);
      });

      it('keeps documents after it was opened again, and in every open instance', async () => {
        await store.apply([put('a', 1, { n: 1 })]);
        const other = await open();
        expect(await other.get(collection.name, 'a')).toMatchObject({ document: { n: 1 } });
        await other.apply([put('b', 2, { n: 2 })]);
        await other.close();
        expect(await store.get(collection.name, 'b')).toMatchObject({ document: { n: 2 } });
      });

      it('creates collections and indexes idempotently, even from concurrent instances', async () => {
        await store.apply([put('a', 1, { group: 'x' })]);
        const others = await Promise.all([open(), open()]);
        await Promise.all(
          [store, ...others].map((each) => each.ensure({ ...collection, indexes: [...collection.indexes, 'late'] })),
        );
        await Promise.all(others.map((each) => each.close()));
        expect(await store.count({ ...collection, indexes: ['late'] }, { late: null })).toBe(1);
      });

      it('removes a dropped collection, and serves it again after it was ensured', async () => {
        await store.apply([put('a', 7, {}), { collection: collection.name, id: 'b', position: at(7), removed: true }]);
        await store.drop(collection.name);
        expect(await store.get(collection.name, 'a')).toBeUndefined();
        await store.ensure(collection);
        await store.apply([put('a', 1, { n: 1 }), put('b', 1, { n: 1 })]);
        expect(await store.count(collection, {})).toBe(2);
      });
    });

    findContract(fixture);
    checkpointContract(fixture);
  });
}
