import type { Json } from '#kernel';
import type { Query } from '#read-store';
import type { Fixture } from './fixture.ts';

/** Tests of queries: equality, ranges, order, and pages. */
export function findContract({ store, collection, put }: Fixture): void {
  const ids = async (query: Query) => (await store().find(collection(), query)).items.map(({ id }) => id);
  const fill = (documents: Record<string, Json>) =>
    store().apply(Object.entries(documents).map(([id, document]) => put(id, 1, document)));

  describe('find', () => {
    it('matches equality on several fields, any value of a list, and nested paths', async () => {
      await fill({
        a: { group: 'x', rank: 1 },
        b: { group: 'x', rank: 2 },
        c: { group: 'y', rank: 1, deep: { value: true } },
        d: { group: 'z', deep: { value: 'in' } },
      });
      expect(await ids({ where: { group: 'x' } })).toEqual(['a', 'b']);
      expect(await ids({ where: { group: 'x', rank: 2 } })).toEqual(['b']);
      expect(await ids({ where: { group: ['y', 'z'] } })).toEqual(['c', 'd']);
      expect(await ids({ where: { group: [] } })).toEqual([]);
      expect(await ids({ where: { 'deep.value': 'in' } })).toEqual(['d']);
      expect(await ids({ where: { 'deep.value': true } })).toEqual(['c']);
      expect(await store().count(collection(), { group: ['x', 'y'], rank: 1 })).toBe(2);
    });

    it('treats a missing field like null', async () => {
      await fill({ a: { group: null }, b: {}, c: { group: '' } });
      expect(await ids({ where: { group: null } })).toEqual(['a', 'b']);
      expect(await ids({ where: { group: [null, ''] } })).toEqual(['a', 'b', 'c']);
    });

    it("includes both bounds of a range, and only values of the bound's type", async () => {
      await fill({ a: { rank: 1 }, b: { rank: 2 }, c: { rank: 3 }, d: { rank: 'text' }, e: {} });
      expect(await ids({ range: { field: 'rank', from: 2, to: 3 } })).toEqual(['b', 'c']);
      expect(await ids({ range: { field: 'rank', from: 2 } })).toEqual(['b', 'c']);
      expect(await ids({ range: { field: 'rank', to: 2 } })).toEqual(['a', 'b']);
      expect(await ids({ range: { field: 'rank', to: 'z' } })).toEqual(['d']);
      expect(await ids({ range: { field: 'rank', from: 'a' } })).toEqual(['d']);
    });

    it('sorts by a field in both directions, with missing values first when ascending and ties by id', async () => {
      await fill({ a: { rank: 2 }, b: { rank: 1 }, c: {}, d: { rank: 2 }, e: { rank: null }, f: { rank: 10 } });
      const ascending = ['c', 'e', 'b', 'a', 'd', 'f'];
      expect(await ids({ sort: { field: 'rank', direction: 'ascending' } })).toEqual(ascending);
      expect(await ids({ sort: { field: 'rank', direction: 'descending' } })).toEqual(ascending.toReversed());
      expect(await ids({})).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    });

    it('sorts texts by bytes, independent of language', async () => {
      await fill({ a: { group: 'z' }, b: { group: 'Z' }, c: { group: 'ä' }, d: { group: 'a' } });
      expect(await ids({ sort: { field: 'group', direction: 'ascending' } })).toEqual(['b', 'd', 'a', 'c']);
    });

    it.each(['ascending', 'descending'] as const)(
      'returns each document once over pages, %s, with ties and missing values in the sorted field',
      async (direction) => {
        await fill(
          Object.fromEntries(
            Array.from({ length: 23 }, (_, n) => [
              `d${String(n).padStart(2, '0')}`,
              { group: n % 2 ? 'odd' : 'even', ...(n % 5 ? { rank: n % 3 } : {}) },
            ]),
          ),
        );
        for (const where of [{}, { group: 'odd' }]) {
          const query: Query = { where, sort: { field: 'rank', direction } };
          const whole = await ids(query);
          for (const limit of [1, 2, 7, whole.length]) expect(await paged({ ...query, limit })).toEqual(whole);
        }
        expect(await paged({ limit: 4 })).toEqual(await ids({}));
      },
    );

    it.each(['ascending', 'descending'] as const)(
      'returns each document once over pages, %s by a boolean',
      async (direction) => {
        await fill(
          Object.fromEntries(
            Array.from({ length: 9 }, (_, n) => [`d${n}`, { deep: n % 3 === 0 ? {} : { value: n % 3 === 1 } }]),
          ),
        );
        const query: Query = { sort: { field: 'deep.value', direction } };
        const ascending = ['d0', 'd3', 'd6', 'd2', 'd5', 'd8', 'd1', 'd4', 'd7'];
        const whole = direction === 'ascending' ? ascending : ascending.toReversed();
        expect(await ids(query)).toEqual(whole);
        for (const limit of [1, 2, 4]) expect(await paged({ ...query, limit })).toEqual(whole);
      },
    );

    it('returns no next cursor if the last page is exactly full', async () => {
      await fill({ a: {}, b: {} });
      expect(await store().find(collection(), { limit: 2 })).not.toHaveProperty('next');
      expect(await store().find(collection(), { limit: 1 })).toHaveProperty('next');
    });

    it('continues after a cursor whose document was removed', async () => {
      await fill({ a: { rank: 1 }, b: { rank: 2 }, c: { rank: 3 } });
      const sort = { field: 'rank', direction: 'ascending' } as const;
      const { next } = await store().find(collection(), { sort, limit: 2 });
      await store().apply([
        { collection: collection().name, id: 'b', position: put('b', 9, {}).position, removed: true },
      ]);
      expect(next).toBeDefined();
      expect(await ids({ sort, limit: 2, ...(next === undefined ? {} : { cursor: next }) })).toEqual(['c']);
    });

    it('refuses a field without an index, a limit out of range, and an invalid cursor', async () => {
      const find = (query: Query) => store().find(collection(), query);
      await expect(find({ where: { other: 1 } })).rejects.toThrow('no index on "other"');
      await expect(find({ range: { field: 'other', from: 1 } })).rejects.toThrow('no index on "other"');
      await expect(find({ sort: { field: 'other', direction: 'ascending' } })).rejects.toThrow('no index on "other"');
      await expect(store().count(collection(), { other: 1 })).rejects.toThrow('no index on "other"');
      await expect(find({ limit: 0 })).rejects.toThrow('limit 0');
      await expect(find({ limit: 501 })).rejects.toThrow('limit 501');
      await expect(find({ cursor: 'nonsense' })).rejects.toThrow('not a cursor');
    });

    it('never interprets a value as an operator or as a part of the query', async () => {
      await fill({ a: { group: 'x' }, b: { group: "' OR 1=1 --" }, c: { group: '$ne' } });
      expect(await ids({ where: { group: "' OR 1=1 --" } })).toEqual(['b']);
      expect(await ids({ where: { group: '$ne' } })).toEqual(['c']);
      expect(await store().get(collection().name, "a' OR '1'='1")).toBeUndefined();
      const operator: Query = JSON.parse('{"where":{"group":{"$ne":""}}}'); // a value that passed a caller's validation
      await expect(store().find(collection(), operator)).rejects.toThrow('compares with');
      const inList: Query = JSON.parse('{"where":{"group":[{"$ne":""}]}}');
      await expect(store().find(collection(), inList)).rejects.toThrow('compares with');
      await expect(store().ensure({ name: 'x"; DROP TABLE projections', indexes: [] })).rejects.toThrow(
        'not the name of a collection',
      );
      await expect(store().ensure({ name: collection().name, indexes: ["a') --"] })).rejects.toThrow(
        'not the path of a field',
      );
    });
  });

  async function paged(query: Query): Promise<string[]> {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store().find(collection(), cursor === undefined ? query : { ...query, cursor });
      expect(page.items.length).toBeLessThanOrEqual(query.limit ?? 100);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== undefined);
    return seen;
  }
}
