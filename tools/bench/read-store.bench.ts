import { position } from '#kernel';
import { openMongoReadStore } from '#read-store/mongo';
import { openRaw } from './read-store.raw.ts';
import type { Row } from './row.ts';
import { perSecond, surroundings } from './surroundings.ts';

const BATCH = 100;
const BATCHES = 20;
const STORE = 'benchstore';

/** Returns one round of documents as projections write them. Each round replaces the documents of the previous one. */
const round = (n: number) =>
  Array.from({ length: BATCHES }, (_, batch) =>
    Array.from({ length: BATCH }, (_, index) => ({
      id: `document-${batch}-${index}`,
      position: position(STORE, n * BATCHES + batch + 1),
      document: { group: `group ${index % 10}`, name: `name ${index}`, tags: ['a', 'b'], text: 'x'.repeat(200) },
    })),
  );

/** Compares the read store on MongoDB with bulk writes of mongoose. Skipped if no server is configured. */
export async function run(): Promise<Row[]> {
  const url = process.env['ASTRO_TEST_MONGO_URL'];
  if (!url) {
    console.error('read store on MongoDB: skipped, ASTRO_TEST_MONGO_URL is not set');
    return [];
  }
  const collection = { name: `bench-${surroundings.ids.uuid()}`, indexes: ['group'] };
  const { name } = collection;
  const store = await openMongoReadStore({ url, setting: 'ASTRO_TEST_MONGO_URL', ...surroundings });
  await store.ensure(collection);
  const raw = await openRaw(url, `raw-${name}`);
  const token = Number(await store.lease(name, 'bench', surroundings.clock.now(), 3_600_000));
  let previous: ReturnType<typeof position> | undefined;

  const ours = (n: number) =>
    perSecond(BATCH * BATCHES, async () => {
      for (const batch of round(n)) {
        const next = batch.at(-1)?.position ?? position(STORE, 0);
        const writes = batch.map((write) => ({ collection: name, ...write }));
        const outcome = await store.apply(writes, { name, token, previous, position: next });
        if (!outcome.ok) throw new Error(outcome.error.code);
        previous = next;
      }
    });
  const alone = (n: number) =>
    perSecond(BATCH * BATCHES, async () => {
      for (const batch of round(n)) await raw.write(batch);
    });

  const rows: Row[] = [];
  for (const [n, what] of ['new documents', 'replaced documents'].entries()) {
    const before = await alone(2 * n);
    const own = await ours(n);
    const best = Math.max(before, await alone(2 * n + 1));
    rows.push({
      name: `read store on MongoDB: ${what}, 100 in a batch, with its checkpoint`,
      unit: 'documents/s',
      ours: Math.round(own),
      raw: Math.round(best),
      ratio: Math.round((own / best) * 100) / 100,
      goal: 'at least 0.5 of bulk writes of mongoose',
    });
  }
  await store.drop(name);
  await store.close();
  await raw.close();
  return rows;
}
