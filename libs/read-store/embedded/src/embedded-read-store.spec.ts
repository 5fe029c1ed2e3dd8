import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { position, silentLogger } from '#kernel';
import { readStoreContract } from '#read-store/contract-suite';
import { temporaryFolder } from '#testing';
import { openDatabase } from './database.ts';
import { openEmbeddedReadStore, readStoreOver } from './embedded-read-store.ts';
import { ensureSql, planPage } from './sql.ts';

const root = temporaryFolder();
readStoreContract('embedded', () => openEmbeddedReadStore({ folder: join(root, 'contract'), log: silentLogger }));

describe("the read store's file", () => {
  it('is refused in one sentence when it is damaged, and not changed', async () => {
    const broken = join(root, 'broken');
    mkdirSync(broken);
    writeFileSync(join(broken, 'read-store.sqlite'), 'no database, but long enough to be taken for one '.repeat(100));
    await expect(openEmbeddedReadStore({ folder: broken, log: silentLogger })).rejects.toMatchObject({
      code: 'read-store/damaged',
      message: expect.stringMatching(/^The read store \S+ is damaged; .* rebuilt from the log\.$/),
    });
    expect(readdirSync(broken)).toEqual(['read-store.sqlite']);
  });

  it('is refused when a newer release has written it', async () => {
    const newer = join(root, 'newer');
    const file = openDatabase(newer, silentLogger);
    file.database.exec('PRAGMA user_version = 99');
    file.close();
    await expect(openEmbeddedReadStore({ folder: newer, log: silentLogger })).rejects.toThrow('newer release');
  });

  it('distinguishes damage that is detected during use from an outage', async () => {
    const damaged = join(root, 'damaged');
    const collection = { name: 'damaged.v1', indexes: [] };
    const writer = await openEmbeddedReadStore({ folder: damaged, log: silentLogger });
    await writer.ensure(collection);
    for (let n = 0; n < 200; n++)
      await writer.apply([
        {
          collection: collection.name,
          id: `d${n}`,
          position: position('contractstore', n),
          document: { text: 'x'.repeat(500) },
        },
      ]);
    await writer.close();
    overwriteBehindTheFirstPages(join(damaged, 'read-store.sqlite'));
    const reader = await openEmbeddedReadStore({ folder: damaged, log: silentLogger });
    await expect(reader.find(collection, {})).rejects.toMatchObject({ code: 'read-store/damaged' });
    await reader.close();
  });

  it('use-L4: refuses writes while the disk is full, and can be read', async () => {
    const file = openDatabase(join(root, 'full'), silentLogger);
    const store = readStoreOver(file);
    const collection = { name: 'full.v1', indexes: [] };
    const write = (id: string, text: string) =>
      store.apply([{ collection: collection.name, id, position: position('contractstore', 1), document: { text } }]);
    await store.ensure(collection);
    await write('small', 'x');
    const pages = Number(file.database.prepare('PRAGMA page_count').get()?.['page_count']);
    file.database.exec(`PRAGMA max_page_count = ${pages}`);
    await expect(write('large', 'x'.repeat(50_000))).rejects.toMatchObject({
      code: 'read-store/unavailable',
      error: { code: 'platform/disk-full' },
    });
    expect((await store.find(collection, {})).items.map(({ id }) => id)).toEqual(['small']);
    await store.close();
  });

  it('uses an index for a page of every query', () => {
    const plans = join(root, 'plans');
    const { database, close } = openDatabase(plans, silentLogger);
    const collection = { name: 'plans.v1', indexes: ['group', 'rank'] };
    database.exec(ensureSql(collection));
    const cursor = Buffer.from(JSON.stringify(['d', 3])).toString('base64url');
    for (const query of [
      { where: { group: 'x' } },
      { where: { group: ['x', 'y'] } },
      { range: { field: 'rank', from: 1, to: 2 } },
      { sort: { field: 'rank', direction: 'ascending' as const }, cursor },
      { sort: { field: 'rank', direction: 'descending' as const }, cursor },
    ]) {
      for (const { sql, values } of planPage(collection, query).statements) {
        const steps = database
          .prepare(`EXPLAIN QUERY PLAN ${sql}`)
          .all(...values, 10)
          .map((step) => String(step['detail']));
        expect(steps.filter((step) => step.startsWith('SCAN c.'))).toEqual([]);
        if ('cursor' in query) expect(steps.join()).not.toContain('TEMP B-TREE');
      }
    }
    close();
  });
});

function overwriteBehindTheFirstPages(file: string): void {
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0xa5, 3 * 4096));
}
