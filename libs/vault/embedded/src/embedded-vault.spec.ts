import { randomBytes, randomUUID } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { silentLogger } from '#kernel';
import { eventually, manualClock, temporaryFolder } from '#testing';
import { decodeText, encodeText, PART_BYTES, sealRecord, type SealedVault, type SealingKey } from '#vault';
import { vaultContract } from '#vault/contract-suite';
import { openDatabase } from './database.ts';
import { openEmbeddedVault, vaultOver } from './embedded-vault.ts';

const root = temporaryFolder();
const ids = { uuid: () => randomUUID(), random: (bytes: number) => new Uint8Array(randomBytes(bytes)) };
const key: SealingKey = { id: 'first', key: new Uint8Array(32).fill(9) };
const clock = manualClock();

vaultContract('embedded', ({ store, clock: at, sealingKeys }) =>
  openEmbeddedVault({ folder: join(root, store), clock: at, ids, sealingKeys, log: silentLogger }),
);

const open = (folder: string, sealingKeys = [key]) =>
  openEmbeddedVault({ folder: join(root, folder), clock, ids, sealingKeys, log: silentLogger });
const bytesOnDisk = (folder: string) =>
  Buffer.concat(readdirSync(join(root, folder)).map((file) => readFileSync(join(root, folder, file))));
const wrappedKey = (folder: string, name: string) => {
  const database = new DatabaseSync(join(root, folder, 'vault.sqlite'), { readOnly: true });
  const wrapped = database.prepare('SELECT wrapped FROM records WHERE name = ?').get(name)?.['wrapped'];
  database.close();
  if (!ArrayBuffer.isView(wrapped)) throw new Error(`no record ${name}`);
  return Buffer.from(wrapped.buffer, wrapped.byteOffset, wrapped.byteLength);
};

describe("the vault's file", () => {
  const canary = 'canary-7f3a-the-quick-brown-fox';

  it('never contains plaintext or a sealing key, even after replacing and deleting, or when closed', async () => {
    const vault = await open('canary');
    const large = encodeText(canary.repeat(40_000)); // three parts
    await Promise.all([
      vault.put('small', encodeText(canary)),
      vault.put('large', large),
      vault.put('gone', encodeText(canary)),
    ]);
    await vault.put('small', encodeText(`${canary} again`));
    await vault.delete('gone');
    const holdsNone = () => {
      const bytes = bytesOnDisk('canary');
      expect(bytes.length).toBeGreaterThan(large.length); // verifies that the right files were read
      expect(bytes.includes(canary)).toBe(false);
      expect(bytes.includes(Buffer.from(key.key))).toBe(false);
    };
    holdsNone();
    await vault.close();
    holdsNone();
  });

  it('contains no byte of the data key of a deleted record in the database or its write-ahead log', async () => {
    const vault = await open('erased');
    await vault.put('person', encodeText('name and address'));
    const wrapped = wrappedKey('erased', 'person');
    expect(bytesOnDisk('erased').includes(wrapped)).toBe(true);
    await vault.delete('person');
    expect(bytesOnDisk('erased').includes(wrapped)).toBe(false);
    await vault.close();
  });

  it('of a backup from before an erasure loses the record when the erasure is repeated (F30)', async () => {
    const vault = await open('before');
    await vault.put('person', encodeText('name and address'));
    await vault.close();
    cpSync(join(root, 'before'), join(root, 'restored'), { recursive: true });
    const restored = await open('restored');
    const wrapped = wrappedKey('restored', 'person');
    expect(await restored.delete('person')).toBe(true);
    expect(await restored.get('person')).toBeUndefined();
    await restored.close();
    expect(bytesOnDisk('restored').includes(wrapped)).toBe(false);
  });

  it('is accessible to its owner only', async () => {
    const vault = await open('modes');
    await vault.put('a', encodeText('x'));
    for (const file of readdirSync(join(root, 'modes')))
      expect(statSync(join(root, 'modes', file)).mode & 0o077).toBe(0);
    await vault.close();
  });

  it("refuses a record under another record's name, and an older version", async () => {
    const vault = await open('exchanged');
    await vault.put('a', encodeText('of a'));
    await vault.put('b', encodeText('of b'));
    await vault.close();
    const database = new DatabaseSync(join(root, 'exchanged', 'vault.sqlite'));
    database.exec("UPDATE records SET name = 'x' WHERE name = 'a'");
    database.exec("UPDATE records SET version = version + 1 WHERE name = 'b'");
    database.close();
    // Both records of the only key are altered, so the check of the keys already fails.
    await expect(open('exchanged')).rejects.toMatchObject({ code: 'vault/seal' });
  });

  it('refuses a value of which a byte was altered', async () => {
    const vault = await open('altered');
    await vault.put('a', encodeText('value'));
    const database = new DatabaseSync(join(root, 'altered', 'vault.sqlite'));
    database.exec(
      "UPDATE parts SET sealed = CAST(iif(substr(sealed, 1, 1) = x'00', x'01', x'00') || substr(sealed, 2) AS BLOB)",
    );
    database.close();
    await expect(vault.get('a')).rejects.toMatchObject({
      code: 'vault/seal',
      message: expect.stringContaining('altered'),
    });
    await vault.close();
  });

  it('is refused in one sentence when it is damaged', async () => {
    mkdirSync(join(root, 'damaged'));
    writeFileSync(
      join(root, 'damaged', 'vault.sqlite'),
      'this is not a database, and longer than a header '.repeat(100),
    );
    await expect(open('damaged')).rejects.toMatchObject({
      code: 'vault/damaged',
      message: expect.stringMatching(/^The vault \S+ is damaged; restore it from a backup\.$/),
    });
  });

  it('use-L4: rejects puts while the disk is full, can be read, and accepts puts when there is space', async () => {
    const file = openDatabase(join(root, 'full'), silentLogger);
    const vault = vaultOver(file, { clock, ids, sealingKeys: [key], log: silentLogger });
    await vault.put('small', encodeText('x'));
    const pages = Number(file.database.prepare('PRAGMA page_count').get()?.['page_count']);
    file.database.exec(`PRAGMA max_page_count = ${pages}`);
    const large = new Uint8Array(200_000);
    await expect(vault.put('large', large)).rejects.toMatchObject({
      code: 'vault/unavailable',
      error: { code: 'platform/disk-full' },
    });
    expect(await vault.get('small')).toMatchObject({ value: encodeText('x') });
    expect(await vault.get('large')).toBeUndefined();
    file.database.exec('PRAGMA max_page_count = 100000');
    expect(await vault.put('large', large)).toMatchObject({ ok: true });
    await vault.close();
  });

  it('requires a sealing key', async () => {
    await expect(open('no-key', [])).rejects.toMatchObject({ code: 'vault/seal' });
  });

  it('commits the puts of one tick in one transaction', async () => {
    const vault = await open('group');
    await vault.put('warm', encodeText('x'));
    const wal = () => statSync(join(root, 'group', 'vault.sqlite-wal')).size;
    const grown = async (work: () => Promise<unknown>) => {
      const before = wal();
      await work();
      return wal() - before;
    };
    const together = await grown(() =>
      Promise.all(Array.from({ length: 40 }, (_, n) => vault.put(`together/${n}`, encodeText('x')))),
    );
    const single = await grown(async () => {
      for (let n = 0; n < 40; n++) await vault.put(`single/${n}`, encodeText('x'));
    });
    expect(together * 5).toBeLessThan(single); // pages are written once, not forty times
    await vault.close();
  });

  it('completes pending calls before it closes, and rejects later ones', async () => {
    const vault = await open('closing');
    const puts = [vault.put('a', encodeText('x')), vault.put('large', large(1))];
    await vault.close();
    expect(await Promise.all(puts)).toMatchObject([{ ok: true }, { ok: true }]);
    await expect(vault.get('a')).rejects.toMatchObject({ code: 'vault/unavailable' });
    await vault.close();
    const again = await open('closing');
    expect(await again.get('a')).toBeDefined();
    expect(same((await again.get('large'))?.value, large(1))).toBe(true);
    await again.close();
  });
});

const PARTS = 3;
const large = (seed: number) => new Uint8Array(Buffer.alloc(PARTS * PART_BYTES, `value ${seed};`));
const same = (left: Uint8Array | undefined, right: Uint8Array) => Buffer.compare(left ?? new Uint8Array(), right) === 0;
const turn = () => new Promise(setImmediate);
/** Counts the stored parts, and those that belong to no record. */
const stored = (folder: string) => {
  const database = new DatabaseSync(join(root, folder, 'vault.sqlite'), { readOnly: true });
  const count = (table: string) => Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n']);
  const counts = { parts: count('parts'), drafts: count('drafts') };
  database.close();
  return counts;
};

describe('a put of a value of many parts', () => {
  it('that ends with its process after any turn leaves the earlier or the later value, and no parts for long', async () => {
    const openAt = (folder: string, at = manualClock()) =>
      openEmbeddedVault({ folder: join(root, folder), clock: at, ids, sealingKeys: [key], log: silentLogger });
    const vault = await openAt('killed');
    await vault.put('a', large(1));
    let isPending = true;
    const put = vault.put('a', large(2)).finally(() => (isPending = false));
    const folders: string[] = [];
    // What is on disk after a turn is what a killed process leaves.
    const keep = () => {
      const folder = `killed-${folders.length}`;
      cpSync(join(root, 'killed'), join(root, folder), { recursive: true });
      folders.push(folder);
    };
    while (isPending || stored('killed').drafts > 0) {
      keep();
      await turn();
    }
    await put;
    keep();
    await vault.close();

    const found: number[] = [];
    for (const folder of folders) {
      const { parts, drafts } = stored(folder);
      expect(drafts > 0 || parts === PARTS).toBe(true);
      const at = manualClock();
      const later = await openAt(folder, at);
      const read = async () => {
        const value = (await later.get('a'))?.value;
        return [large(1), large(2)].findIndex((each) => same(value, each)) + 1;
      };
      found.push(await read());
      await later.put('other', encodeText('x'));
      at.advance(10 * 60_000);
      await later.put('other', encodeText('y'));
      await eventually(() => expect(stored(folder)).toEqual({ parts: PARTS + 1, drafts: 0 }));
      expect(await read()).toBe(found.at(-1));
      await later.close();
    }
    expect(found).toEqual(found.toSorted());
    expect(new Set(found)).toEqual(new Set([1, 2]));
    expect(folders.length).toBeGreaterThan(2 * PARTS);
  });

  it.each([
    ['replaced', (vault: SealedVault) => vault.put('a', encodeText('later')), 'later'],
    ['deleted', (vault: SealedVault) => vault.delete('a'), undefined],
  ])('has no effect if the record is %s by a later call, and no part of it remains', async (name, work, expected) => {
    const folder = `overtaken-${name}`;
    const vault = await open(folder);
    const other = await open(folder);
    for (const turns of [0, 1, PARTS])
      for (const by of [vault, other]) {
        const put = vault.put('a', large(1));
        for (let n = 0; n < turns; n++) await turn();
        await work(by);
        expect(await put).toMatchObject({ ok: true });
        const kept = await vault.get('a');
        expect(kept && decodeText(kept.value)).toBe(expected);
        await eventually(() => expect(stored(folder)).toEqual({ parts: expected === undefined ? 0 : 1, drafts: 0 }));
        await vault.delete('a');
      }
    await vault.close();
    await other.close();
  });

  it('is refused if the record that it expects is replaced or deleted by a later call', async () => {
    const vault = await open('conflicting');
    for (const work of [() => vault.put('a', encodeText('later')), () => vault.delete('a')]) {
      const put = vault.put('a', large(1), { expected: 'absent' });
      await turn();
      await work();
      expect(await put).toMatchObject({ ok: false, error: { code: 'vault/conflict' } });
      await vault.delete('a');
    }
    await eventually(() => expect(stored('conflicting')).toEqual({ parts: 0, drafts: 0 }));
    await vault.close();
  });

  it('leaves no data key on disk before its record, and none after a deletion', async () => {
    const keys: Buffer[] = [];
    const recording = {
      ...ids,
      random(bytes: number) {
        const random = ids.random(bytes);
        keys.push(Buffer.from(random));
        return random;
      },
    };
    const folder = join(root, 'shredded');
    const vault = await openEmbeddedVault({ folder, clock, ids: recording, sealingKeys: [key], log: silentLogger });
    await vault.put('person', large(1));
    const wrapped = wrappedKey('shredded', 'person');
    expect(bytesOnDisk('shredded').includes(wrapped)).toBe(true);
    await vault.delete('person');
    expect(stored('shredded').parts).toBeGreaterThan(0); // they are removed later, and cannot be opened any more
    expect(bytesOnDisk('shredded').includes(wrapped)).toBe(false);
    for (const random of keys) expect(bytesOnDisk('shredded').includes(random)).toBe(false);
    await eventually(() => expect(stored('shredded')).toEqual({ parts: 0, drafts: 0 }));
    await vault.close();
  });

  it('fails if its process was suspended until its parts were removed', async () => {
    const at = manualClock();
    const openHere = () =>
      openEmbeddedVault({ folder: join(root, 'suspended'), clock: at, ids, sealingKeys: [key], log: silentLogger });
    const vault = await openHere();
    const other = await openHere();
    await vault.put('a', encodeText('before'));
    const put = vault.put('a', large(1));
    await turn();
    at.advance(10 * 60_000);
    await other.put('other', encodeText('x'));
    await expect(put).rejects.toMatchObject({ code: 'vault/unavailable' });
    expect(decodeText((await vault.get('a'))?.value ?? new Uint8Array())).toBe('before');
    await eventually(() => expect(stored('suspended')).toEqual({ parts: 2, drafts: 0 }));
    await vault.close();
    await other.close();
  });

  it('use-L4: leaves no parts if the disk becomes full', async () => {
    const file = openDatabase(join(root, 'filled'), silentLogger);
    const at = manualClock();
    const vault = vaultOver(file, { clock: at, ids, sealingKeys: [key], log: silentLogger });
    await vault.put('a', encodeText('x'));
    const pages = Number(file.database.prepare('PRAGMA page_count').get()?.['page_count']);
    file.database.exec(`PRAGMA max_page_count = ${pages + Math.ceil((2.5 * PART_BYTES) / 4096)}`);
    await expect(vault.put('a', large(1))).rejects.toMatchObject({ error: { code: 'platform/disk-full' } });
    expect(await vault.get('a')).toMatchObject({ value: encodeText('x') });
    file.database.exec('PRAGMA max_page_count = 100000');
    at.advance(10 * 60_000);
    expect(await vault.put('a', encodeText('y'))).toMatchObject({ ok: true });
    await eventually(() => expect(stored('filled')).toEqual({ parts: 1, drafts: 0 }));
    await vault.close();
  });
});

it('opens, replaces, and deletes records of the first layout', async () => {
  const folder = join(root, 'first-layout');
  mkdirSync(folder);
  const database = new DatabaseSync(join(folder, 'vault.sqlite'));
  database.exec(`
    CREATE TABLE records (
      name TEXT PRIMARY KEY, version INTEGER NOT NULL, size INTEGER NOT NULL, updated_ms REAL NOT NULL, expires_ms REAL,
      key_id TEXT NOT NULL, wrapped BLOB NOT NULL
    );
    CREATE INDEX records_by_key ON records (key_id, name);
    CREATE INDEX records_by_expiry ON records (expires_ms) WHERE expires_ms IS NOT NULL;
    CREATE TABLE parts (name TEXT NOT NULL, part INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (name, part));
    CREATE TABLE versions (last INTEGER NOT NULL);
    INSERT INTO versions VALUES (3);
    PRAGMA user_version = 1;
  `);
  const values = [encodeText('small'), large(1), large(2)];
  for (const [index, value] of values.entries()) {
    const [name, version] = [`record/${index}`, index + 1];
    const { keyId, wrapped, parts } = sealRecord({ name, version }, value, key, ids.random);
    database
      .prepare('INSERT INTO records VALUES (?, ?, ?, 0, NULL, ?, ?)')
      .run(name, version, value.length, keyId, wrapped);
    for (const [part, sealed] of parts.entries())
      database.prepare('INSERT INTO parts VALUES (?, ?, ?)').run(name, part, sealed);
  }
  database.close();

  const vault = await open('first-layout');
  for (const [index, value] of values.entries()) {
    const record = await vault.get(`record/${index}`);
    expect([record?.version, same(record?.value, value)]).toEqual([index + 1, true]);
  }
  expect(await vault.put('record/0', large(3), { expected: 1 })).toEqual({ ok: true, value: 4 });
  expect(await vault.put('record/1', large(4), { expected: 2 })).toEqual({ ok: true, value: 5 });
  expect(await vault.delete('record/2')).toBe(true);
  await eventually(() => expect(stored('first-layout')).toEqual({ parts: 2 * PARTS, drafts: 0 }));
  expect(same((await vault.get('record/1'))?.value, large(4))).toBe(true);
  await vault.close();
});
