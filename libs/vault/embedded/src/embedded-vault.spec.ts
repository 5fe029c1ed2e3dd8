import { randomBytes, randomUUID } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { silentLogger } from '#kernel';
import { manualClock, temporaryFolder } from '#testing';
import { encodeText, type SealingKey } from '#vault';
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
    database.exec("UPDATE records SET name = 'x' WHERE name = 'a'; UPDATE parts SET name = 'x' WHERE name = 'a'");
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
      "UPDATE parts SET sealed = CAST(iif(substr(sealed, 1, 1) = x'00', x'01', x'00') || substr(sealed, 2) AS BLOB) WHERE name = 'a'",
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
    const put = vault.put('a', encodeText('x'));
    await vault.close();
    expect(await put).toMatchObject({ ok: true });
    await expect(vault.get('a')).rejects.toMatchObject({ code: 'vault/unavailable' });
    await vault.close();
    const again = await open('closing');
    expect(await again.get('a')).toBeDefined();
    await again.close();
  });
});
