import { randomBytes, randomUUID } from 'node:crypto';
import { silentLogger } from '#kernel';
import { eventually, manualClock } from '#testing';
import { encodeText, PART_BYTES, type SealingKey } from '#vault';
import { vaultContract } from '#vault/contract-suite';
import mongoose, { type Connection } from 'mongoose';
import { openMongoVault } from './mongo-vault.ts';

const url = process.env['ASTRO_TEST_MONGO_URL'];
if (url) {
  const ids = { uuid: () => randomUUID(), random: (bytes: number) => new Uint8Array(randomBytes(bytes)) };
  const key: SealingKey = { id: 'first', key: new Uint8Array(32).fill(9) };
  const databases = new Set<string>();
  const addressOf = (store: string) => {
    databases.add(store);
    return url.replace(/\/\?|\/?$/, (end) => (end === '/?' ? `/${store}?` : `/${store}`));
  };
  const server = mongoose.createConnection(url);
  afterAll(async () => {
    await server.asPromise();
    for (const name of databases) await server.useDb(name).dropDatabase();
    await server.close();
  });

  vaultContract(
    'mongo',
    ({ store, clock, sealingKeys }) =>
      openMongoVault({ url: addressOf(store), setting: 'ASTRO_VAULT', clock, ids, sealingKeys, log: silentLogger }),
    { isAtomic: false },
  );

  describe("the vault's collections", () => {
    const DAY_MS = 86_400_000;
    const clock = manualClock();
    const large = (seed: number) =>
      Uint8Array.from({ length: 40 * PART_BYTES }, (_, index) => (index * 31 + seed) & 0xff);
    let database: Connection;
    let store: string;
    const open = () =>
      openMongoVault({
        url: addressOf(store),
        setting: 'ASTRO_VAULT',
        clock,
        ids,
        sealingKeys: [key],
        log: silentLogger,
      });
    const count = (name: string) => database.collection(`vault.${name}`).countDocuments();
    beforeEach(async () => {
      store = `vault-${randomUUID()}`;
      database = (await server.asPromise()).useDb(store);
    });

    it('store and replace a value of more than 16 MB, the limit of one document, and leave no parts', async () => {
      const vault = await open();
      await vault.put('large', large(1));
      await vault.put('large', large(2));
      expect(Buffer.compare((await vault.get('large'))?.value ?? new Uint8Array(), large(2))).toBe(0);
      expect(await count('parts')).toBe(40);
      await vault.delete('large');
      expect([await count('parts'), await count('drafts')]).toEqual([0, 0]);
      await vault.close();
    });

    it('F31: lose parts that a process left a day ago, but no parts of a record', async () => {
      const vault = await open();
      await vault.put('large', large(1));
      const [record] = await database.collection('vault.records').find().toArray();
      const drafts = database.collection<{ _id: string }>('vault.drafts');
      const parts = database.collection<{ _id: string }>('vault.parts');
      await parts.insertMany(['left/0', 'left/1'].map((_id) => ({ _id, sealed: Buffer.alloc(8) })));
      for (const [_id, n] of [
        ['left', 2],
        [String(record?.['partsId']), 40],
      ] as const)
        await drafts.insertOne({ _id, name: 'large', parts: n, createdMs: clock.now() } as never);
      clock.advance(DAY_MS - 1);
      await vault.put('other', encodeText('x'));
      await vault.close();
      expect(await count('drafts')).toBe(2);
      clock.advance(60_000);
      const later = await open();
      await later.put('other', encodeText('y'));
      await eventually(async () => expect([await count('parts'), await count('drafts')]).toEqual([40, 0]));
      expect((await later.get('large'))?.value).toHaveLength(40 * PART_BYTES);
      await later.close();
    });

    it('never contain plaintext', async () => {
      const vault = await open();
      await vault.put('a', encodeText('canary-7f3a'.repeat(10)));
      const stored = await database.collection('vault.records').find({}, { promoteBuffers: true }).toArray();
      expect(Buffer.concat(stored.map((record) => record['sealed'] as Buffer)).includes('canary')).toBe(false);
      expect(JSON.stringify(stored)).not.toContain('canary');
      await vault.close();
    });

    it('refuse a record of which a byte, the name, or the version was altered', async () => {
      const vault = await open();
      await vault.put('a', encodeText('of a'));
      const records = database.collection<{ _id: string; version: number }>('vault.records');
      const record = await records.findOne({ _id: 'a' });
      await records.insertOne({ ...record, _id: 'b' } as never);
      await expect(vault.get('b')).rejects.toMatchObject({ code: 'vault/seal' });
      await records.updateOne({ _id: 'a' }, { $set: { version: 77 } });
      await expect(vault.get('a')).rejects.toMatchObject({ code: 'vault/seal' });
      await vault.close();
    });
  });
} else describe.skip('vault on mongo: ASTRO_TEST_MONGO_URL is not set', () => it('was not tested', () => {}));
