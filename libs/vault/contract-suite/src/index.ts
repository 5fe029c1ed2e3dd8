import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '#kernel';
import { manualClock, type ManualClock } from '#testing';
import {
  decodeText,
  encodeText,
  PART_BYTES,
  VaultSealError,
  type SealedCopy,
  type SealedVault,
  type SealingKey,
  type VaultRecord,
} from '#vault';

export interface VaultOpening {
  /** Name of the store (lower-case letters, digits, `-`). The same name opens the same records. */
  readonly store: string;
  readonly clock: Clock;
  readonly sealingKeys: readonly SealingKey[];
}

/**
 * Tests that every engine must pass. Behavior of a single engine is not part of the port.
 *
 * @param isAtomic whether the server compares and changes a record in one step. FerretDB, on which the engine for MongoDB
 * is tested, reads and writes it in two, so that it accepts both of two concurrent changes of one version.
 */
export function vaultContract(
  engine: string,
  open: (opening: VaultOpening) => Promise<SealedVault>,
  { isAtomic = true }: { readonly isAtomic?: boolean } = {},
): void {
  describe(`vault on ${engine}`, () => {
    const key = (id: string, seed = id): SealingKey => ({
      id,
      key: new Uint8Array(createHash('sha256').update(seed).digest()),
    });
    const DAY_MS = 86_400_000;
    let clock: ManualClock;
    let store: string;
    let vault: SealedVault;
    beforeEach(async () => {
      clock = manualClock();
      store = `contract-${randomUUID()}`;
      vault = await open({ store, clock, sealingKeys: [key('first')] });
    });
    afterEach(() => vault.close());

    const read = async (name: string, from = vault) => {
      const record = await from.get(name);
      return record && decodeText(record.value);
    };
    const names = async (prefix: string) => {
      const seen: string[] = [];
      for await (const { name } of vault.list(prefix)) seen.push(name);
      return seen;
    };
    const version = async (put: ReturnType<SealedVault['put']>) => {
      const outcome = await put;
      if (!outcome.ok) throw new Error(outcome.error.detail);
      return outcome.value;
    };

    it('returns values with their bytes unchanged', async () => {
      const value = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const written = await version(vault.put('a/bytes', value));
      expect(await vault.get('a/bytes')).toEqual({ value, version: written });
      await vault.put('a/empty', new Uint8Array());
      expect(await vault.get('a/empty')).toMatchObject({ value: new Uint8Array() });
      expect(await vault.get('a/nothing')).toBeUndefined();
    });

    it.each([PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES + 17])(
      'stores and replaces a value of %d bytes completely',
      async (length) => {
        const large = (seed: number) => Uint8Array.from({ length }, (_, index) => (index * 31 + seed) & 0xff);
        await vault.put('large', large(1));
        await vault.put('large', large(2));
        const record = await vault.get('large');
        expect(Buffer.compare(record?.value ?? new Uint8Array(), large(2))).toBe(0);
        await vault.put('large', encodeText('small'));
        expect(await read('large')).toBe('small');
      },
    );

    it('stores the value at the time of the call to put', async () => {
      const value = encodeText('before');
      const put = vault.put('a', value);
      value.fill(0);
      await put;
      expect(await read('a')).toBe('before');
    });

    it('creates a record only if there is none, if requested', async () => {
      expect(await vault.put('a', encodeText('one'), { expected: 'absent' })).toMatchObject({ ok: true });
      expect(await vault.put('a', encodeText('two'), { expected: 'absent' })).toMatchObject({
        ok: false,
        error: { code: 'vault/conflict', kind: 'conflict' },
      });
      expect(await read('a')).toBe('one');
    });

    it('replaces only the expected version, and versions increase', async () => {
      const first = await version(vault.put('a', encodeText('one')));
      const second = await version(vault.put('a', encodeText('two'), { expected: first }));
      expect(second).toBeGreaterThan(first);
      expect(await vault.put('a', encodeText('late'), { expected: first })).toMatchObject({
        ok: false,
        error: { code: 'vault/conflict' },
      });
      expect(await vault.put('b', encodeText('none'), { expected: 1 })).toMatchObject({ ok: false });
      expect(await read('a')).toBe('two');
      expect(await version(vault.put('a', encodeText('three')))).toBeGreaterThan(second);
    });

    it('accepts one of several concurrent writes, even from two open instances', async () => {
      const other = await open({ store, clock, sealingKeys: [key('first')] });
      const outcomes = await Promise.all(
        [vault, other, vault].map((each, n) => each.put('a', encodeText(`writer ${n}`), { expected: 'absent' })),
      );
      expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
      expect(await read('a', other)).toBe(`writer ${outcomes.findIndex(({ ok }) => ok)}`);
      await other.close();
    });

    describe('while it stores a value of many parts', () => {
      const PARTS = 6;
      const large = (text: string) => new Uint8Array(Buffer.alloc(PARTS * PART_BYTES, text));
      const [old, next] = [large('old'), large('next')];
      const isSame = (record: VaultRecord | undefined, value: Uint8Array | undefined) =>
        record !== undefined && value !== undefined && Buffer.compare(record.value, value) === 0;
      /** Calls `work` in each turn of the event loop until `call` settles. @returns the number of turns */
      const during = async (call: Promise<unknown>, work: () => unknown) => {
        let isPending = true;
        const settle = () => void (isPending = false);
        call.then(settle, settle);
        let turns = 0;
        for (; isPending; turns++) {
          work();
          await new Promise(setImmediate);
        }
        return turns;
      };

      it('runs the event loop between the parts, and returns the complete earlier or later value', async () => {
        await vault.put('a', old);
        const other = await open({ store, clock, sealingKeys: [key('first')] });
        const reads: ReturnType<SealedVault['get']>[] = [];
        const put = vault.put('a', next);
        const turns = await during(put, () => {
          if (reads.length < PARTS) reads.push((reads.length % 2 ? vault : other).get('a'));
        });
        expect(turns).toBeGreaterThan(PARTS);
        for (const read of await Promise.all(reads)) expect(isSame(read, old) || isSame(read, next)).toBe(true);
        const last = other.get('a');
        expect(await during(last, () => {})).toBeGreaterThanOrEqual(PARTS);
        expect(isSame(await last, next)).toBe(true);
        await other.close();
      });

      it('copies the earlier or the later record for a backup', async () => {
        await vault.put('a', old);
        const copied: Promise<number>[] = [];
        const copy = async () => {
          for await (const each of vault.copies()) {
            vault.checkCopy(each);
            return each.version;
          }
          return 0;
        };
        const put = vault.put('a', next);
        await during(put, () => {
          if (copied.length < PARTS) copied.push(copy());
        });
        const versions = await Promise.all(copied);
        expect(versions.filter((each) => each === 0)).toEqual([]);
        expect(versions.toSorted((left, right) => left - right)).toEqual(versions);
        expect(await version(put)).toBeGreaterThanOrEqual(versions.at(-1) ?? 0);
      });

      const concurrent = [
        { what: 'large values', values: [old, next] },
        { what: 'large and small values', values: [old, encodeText('small'), next, encodeText('other')] },
      ];
      it.each(concurrent)(
        'keeps the last of concurrent $what completely, from two open instances',
        async ({ values }) => {
          const other = await open({ store, clock, sealingKeys: [key('first')] });
          const versions = await Promise.all(
            values.map((value, n) => version((n % 2 ? vault : other).put('a', value))),
          );
          expect(new Set(versions).size).toBe(values.length);
          const kept = await vault.get('a');
          const last = Math.max(...versions);
          expect(kept?.version).toBe(last);
          expect(isSame(kept, values[versions.indexOf(last)])).toBe(true);
          await other.close();
        },
      );

      (isAtomic ? it : it.skip).each(concurrent)(
        'accepts one of concurrent $what that expect the same version',
        async ({ values }) => {
          const first = await version(vault.put('a', encodeText('first')));
          const outcomes = await Promise.all(values.map((value) => vault.put('a', value, { expected: first })));
          const accepted = outcomes.flatMap(({ ok }, index) => (ok ? [values[index]] : []));
          expect(accepted).toHaveLength(1);
          expect(isSame(await vault.get('a'), accepted[0])).toBe(true);
          expect(outcomes.find(({ ok }) => !ok)).toMatchObject({ error: { code: 'vault/conflict' } });
        },
      );

      it('deletes what was stored before', async () => {
        await vault.put('a', old);
        const put = vault.put('a', next);
        expect(await vault.delete('a')).toBe(true);
        await put;
        const kept = await vault.get('a');
        expect(kept === undefined || isSame(kept, next)).toBe(true);
      });
    });

    it('refuses a version from before a deletion', async () => {
      const before = await version(vault.put('a', encodeText('old')));
      await vault.delete('a');
      await vault.put('a', encodeText('new'));
      expect(await vault.put('a', encodeText('late'), { expected: before })).toMatchObject({ ok: false });
      expect(await read('a')).toBe('new');
    });

    it('deletes a record permanently, and returns whether it existed', async () => {
      await vault.put('a', encodeText('one'));
      expect(await vault.delete('a')).toBe(true);
      expect(await vault.get('a')).toBeUndefined();
      expect(await names('')).toEqual([]);
      expect(await vault.delete('a')).toBe(false);
      expect(await vault.put('a', encodeText('two'), { expected: 'absent' })).toMatchObject({ ok: true });
    });

    it('neither finds, lists, nor protects an expired record', async () => {
      await vault.put('a', encodeText('short'), { expiresAtMs: clock.now() + 1000 });
      await vault.put('b', encodeText('long'));
      clock.advance(999);
      expect(await read('a')).toBe('short');
      clock.advance(1);
      expect(await vault.get('a')).toBeUndefined();
      expect(await names('')).toEqual(['b']);
      expect(await vault.delete('a')).toBe(false);
      expect(await vault.put('a', encodeText('again'), { expected: 'absent' })).toMatchObject({ ok: true });
      clock.advance(DAY_MS);
      expect(await read('a')).toBe('again'); // a put without expiry replaces the previous expiry
    });

    it('lists many names with a prefix in order, with the time of their put (F31)', async () => {
      await Promise.all(
        Array.from({ length: 450 }, (_, n) => vault.put(`manifest/org/${String(n).padStart(3, '0')}`, encodeText('x'))),
      );
      await Promise.all(
        ['manifest', 'manifest/orga', 'manifest0', 'secret/x', 'manifest/org/%', 'manifest/ORG/1'].map((name) =>
          vault.put(name, encodeText('x')),
        ),
      );
      const listed = await names('manifest/org/');
      expect(listed).toHaveLength(451);
      expect(listed).toEqual(listed.toSorted());
      clock.advance(DAY_MS);
      await vault.put('manifest/org/000', encodeText('young'));
      const old: string[] = [];
      for await (const { name, updatedAtMs } of vault.list('manifest/org/'))
        if (updatedAtMs <= clock.now() - DAY_MS) old.push(name);
      expect(old).toHaveLength(450);
      expect(old).not.toContain('manifest/org/000');
    });

    it('refuses invalid names', async () => {
      for (const name of ['', 'a\u0000b', 'line\nbreak', 'x'.repeat(513)]) {
        await expect(vault.put(name, encodeText('x'))).rejects.toThrow('named by 1 to 512 characters');
      }
    });

    it('keeps records after it was opened again', async () => {
      await vault.put('a', encodeText('kept'));
      const again = await open({ store, clock, sealingKeys: [key('first')] });
      expect(await read('a', again)).toBe('kept');
      await again.close();
    });

    describe('backups', () => {
      const copiesOf = async (from = vault, since?: number) => {
        const copies: SealedCopy[] = [];
        for await (const copy of from.copies(since)) copies.push(copy);
        return copies;
      };

      it('copies and restores sealed records with their versions, times, and parts', async () => {
        const large = Uint8Array.from({ length: PART_BYTES + 9 }, (_, index) => index & 0xff);
        const before = await version(vault.put('large', large));
        clock.advance(1_000);
        await vault.put('short-lived', encodeText('soon'), { expiresAtMs: clock.now() + DAY_MS });
        await vault.put('gone', encodeText('x'), { expiresAtMs: clock.now() });
        const copies = await copiesOf();
        expect(copies.map(({ name, size, parts }) => [name, size, parts.length])).toEqual([
          ['large', large.length, 2],
          ['short-lived', 4, 1],
        ]);
        expect(Buffer.concat(copies.flatMap(({ parts }) => parts)).includes('soon')).toBe(false);

        const other = await open({ store: `${store}-restored`, clock, sealingKeys: [key('newer'), key('first')] });
        copies.forEach((copy) => other.checkCopy(copy));
        await other.put('large', encodeText('is replaced'));
        await other.restore(copies);
        expect(await copiesOf(other)).toEqual(copies);
        const restored = await other.get('large');
        expect(restored?.version).toBe(before);
        expect(Buffer.compare(restored?.value ?? new Uint8Array(), large)).toBe(0);
        const last = Math.max(...copies.map((copy) => copy.version));
        expect(await version(other.put('next', encodeText('x')))).toBeGreaterThan(last);
        clock.advance(DAY_MS);
        expect(await read('short-lived', other)).toBeUndefined();
        await other.close();
      });

      it('copies only records of a time, if requested', async () => {
        await vault.put('a', encodeText('x'));
        clock.advance(1_000);
        await vault.put('b', encodeText('x'));
        expect((await copiesOf(vault, clock.now())).map(({ name }) => name)).toEqual(['b']);
      });

      it('refuses copies that were altered, or whose key is missing', async () => {
        await vault.put('a', encodeText('value'));
        const [copy] = await copiesOf();
        if (!copy) throw new Error('nothing was copied');
        for (const altered of [
          { ...copy, name: 'b' },
          { ...copy, parts: [Uint8Array.of(1, 2, 3)] },
        ])
          expect(() => vault.checkCopy(altered)).toThrow(VaultSealError);
        const other = await open({ store: `${store}-other`, clock, sealingKeys: [key('second')] });
        expect(() => other.checkCopy(copy)).toThrow(/"first"/);
        await other.close();
      });
    });

    describe('rotation of sealing keys', () => {
      it('opens old records with old keys, and seals with the newest', async () => {
        await vault.put('old', encodeText('old'));
        const rotated = await open({ store, clock, sealingKeys: [key('second'), key('first')] });
        await rotated.put('new', encodeText('new'));
        expect(await read('old', rotated)).toBe('old');
        expect(await rotated.missingKeys()).toEqual([]);
        expect(await vault.missingKeys()).toEqual(['second']);
        await expect(vault.get('new')).rejects.toThrow(/"second"/);
        await rotated.close();
      });

      it('refuses to open without a required key, in one sentence with the key ID (F33)', async () => {
        await vault.put('a', encodeText('one'));
        const refused = open({ store, clock, sealingKeys: [key('second')] });
        await expect(refused).rejects.toMatchObject({
          code: 'vault/seal',
          message: expect.stringMatching(/^[^.]*"first"[^.]*\.$/),
        });
        await expect(refused).rejects.toBeInstanceOf(VaultSealError);
      });

      it('refuses a key with the same ID and other bytes (F33)', async () => {
        await vault.put('a', encodeText('one'));
        await expect(open({ store, clock, sealingKeys: [key('first', 'other bytes')] })).rejects.toThrow(/"first"/);
      });

      it('rewraps all data keys, so that the old key can be removed, and keeps versions and values', async () => {
        const before = await version(vault.put('a', encodeText('one')));
        await Promise.all(Array.from({ length: 230 }, (_, n) => vault.put(`many/${n}`, encodeText(`value ${n}`))));
        const rotating = await open({ store, clock, sealingKeys: [key('second'), key('first')] });
        expect(await rotating.rewrap()).toBe(231);
        expect(await rotating.rewrap()).toBe(0);
        await rotating.close();
        const rotated = await open({ store, clock, sealingKeys: [key('second')] });
        expect(await rotated.get('a')).toEqual({ value: encodeText('one'), version: before });
        expect(await read('many/229', rotated)).toBe('value 229');
        await rotated.close();
      });
    });
  });
}
