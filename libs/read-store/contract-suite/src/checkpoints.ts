import { position, type Position } from '#kernel';
import type { Fixture } from './fixture.ts';

/** Tests of leases and checkpoints: which process may advance a projection. */
export function checkpointContract({ store, collection, at, put, open }: Fixture): void {
  const NOW = 1_000_000;
  const SECOND = 1000;
  const lost = { ok: false, error: { code: 'read-store/lost-lease', kind: 'conflict' } };

  describe('leases and checkpoints', () => {
    it('grants the lease to one owner, renews it with its token, and grants it later with a greater one', async () => {
      const { name } = collection();
      const first = await store().lease(name, 'one', NOW, SECOND);
      expect(first).toEqual(expect.any(Number));
      expect(await store().lease(name, 'two', NOW + 999, SECOND)).toBeUndefined();
      expect(await store().lease(name, 'one', NOW + 999, SECOND)).toBe(first);
      expect(await store().lease(name, 'two', NOW + 1500, SECOND)).toBeUndefined();
      expect(await store().lease(name, 'two', NOW + 1999, SECOND)).toBeGreaterThan(Number(first));
    });

    it('keeps each renewal of a lease whose checkpoint moves at the same time', async () => {
      const { name } = collection();
      const token = Number(await store().lease(name, 'one', NOW, SECOND));
      let previous: Position | undefined;
      for (let n = 1; n <= 100; n += 1) {
        const next = at(n);
        const move = store().apply([], { name, token, previous, position: next });
        expect(await store().lease(name, 'one', NOW + n * SECOND, SECOND)).toBe(token);
        expect(await move).toEqual({ ok: true });
        previous = next;
        expect(await store().lease(name, 'two', NOW + (n + 1) * SECOND - 1, SECOND)).toBeUndefined();
      }
    });

    it('grants the lease to exactly one of many concurrent owners', async () => {
      const instances = await Promise.all([open(), open(), open()]);
      const tokens = await Promise.all(
        instances.map((each, n) => each.lease(collection().name, `owner-${n}`, NOW, SECOND)),
      );
      expect(tokens.filter((token) => token !== undefined)).toHaveLength(1);
      await Promise.all(instances.map((each) => each.close()));
    });

    it('grants a released lease immediately with a greater token, and only its owner can release it', async () => {
      const { name } = collection();
      const first = Number(await store().lease(name, 'one', NOW, SECOND));
      await store().release(name, 'two');
      expect(await store().lease(name, 'two', NOW, SECOND)).toBeUndefined();
      await store().release(name, 'one');
      expect(await store().lease(name, 'two', NOW, SECOND)).toBeGreaterThan(first);
    });

    it('use-L2: releases the leases of earlier instances of a process, and no others', async () => {
      const own = collection().name;
      const [first, second, other] = [`${own}-1`, `${own}-2`, `${own}-3`];
      const former = Number(await store().lease(first, `${own}/a`, NOW, SECOND));
      await store().lease(second, own, NOW, SECOND); // the form of owners in earlier releases
      const mine = await store().lease(own, `${own}/b`, NOW, SECOND);
      await store().lease(other, `${own}x/a`, NOW, SECOND);
      expect(await store().lease(first, `${own}/b`, NOW, SECOND)).toBeUndefined();
      await store().releaseEarlier(`${own}/b`);
      expect(await store().lease(first, `${own}/b`, NOW, SECOND)).toBeGreaterThan(former);
      expect(await store().lease(second, `${own}/b`, NOW, SECOND)).toBeGreaterThan(0);
      expect(await store().lease(own, `${own}/b`, NOW, SECOND)).toBe(mine);
      expect(await store().lease(other, `${own}/b`, NOW, SECOND)).toBeUndefined();
    });

    it('moves a checkpoint from its previous position together with the writes of the batch', async () => {
      const { name } = collection();
      const token = Number(await store().lease(name, 'one', NOW, SECOND));
      expect(await store().checkpoint(name)).toBeUndefined();
      expect(
        await store().apply([put('a', 1, {})], { name, token, previous: undefined, position: at(1) }),
      ).toMatchObject({ ok: true });
      expect(await store().apply([], { name, token, previous: at(1), position: at(4) })).toMatchObject({ ok: true });
      expect(await store().checkpoint(name)).toEqual({ name, position: at(4), token });
    });

    it('refuses to move a checkpoint from another position than the stored one', async () => {
      const { name } = collection();
      const token = Number(await store().lease(name, 'one', NOW, SECOND));
      await store().apply([], { name, token, previous: undefined, position: at(2) });
      expect(await store().apply([], { name, token, previous: undefined, position: at(3) })).toMatchObject(lost);
      expect(await store().apply([put('a', 3, {})], { name, token, previous: at(1), position: at(3) })).toMatchObject(
        lost,
      );
      expect(
        await store().apply([], { name, token, previous: position('anotherstore', 2), position: at(3) }),
      ).toMatchObject(lost);
      expect(await store().checkpoint(name)).toMatchObject({ position: at(2) });
    });

    it('refuses a former leader that resumes, and an owner that never led (F27)', async () => {
      const { name } = collection();
      const former = Number(await store().lease(name, 'one', NOW, SECOND));
      const token = Number(await store().lease(name, 'two', NOW + 5 * SECOND, SECOND));
      expect(await store().apply([], { name, token: former, previous: undefined, position: at(9) })).toMatchObject(
        lost,
      );
      expect(
        await store().apply([], { name: `${name}.other`, token: 1, previous: undefined, position: at(9) }),
      ).toMatchObject(lost);
      expect(await store().apply([], { name, token, previous: undefined, position: at(1) })).toMatchObject({
        ok: true,
      });
    });

    it('moves a checkpoint to another event store, so that a projection can be rebuilt from it', async () => {
      const { name } = collection();
      const token = Number(await store().lease(name, 'one', NOW, SECOND));
      await store().apply([], { name, token, previous: undefined, position: at(50) });
      const elsewhere = position('anotherstore', 0);
      expect(await store().apply([], { name, token, previous: at(50), position: elsewhere })).toMatchObject({
        ok: true,
      });
      expect(await store().checkpoint(name)).toMatchObject({ position: elsewhere });
    });

    it('drops the checkpoint with its collection, but never issues a token twice', async () => {
      const { name } = collection();
      const former = Number(await store().lease(name, 'one', NOW, SECOND));
      await store().apply([], { name, token: former, previous: undefined, position: at(5) });
      await store().release(name, 'one');
      await store().drop(name);
      expect(await store().checkpoint(name)).toBeUndefined();
      expect(await store().lease(name, 'two', NOW, SECOND)).toBeGreaterThan(former);
      expect(await store().apply([], { name, token: former, previous: undefined, position: at(9) })).toMatchObject(
        lost,
      );
    });
  });
}
