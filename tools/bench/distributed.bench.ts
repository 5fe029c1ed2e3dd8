// The rows of the edge, with each service in a separate process, on NATS and MongoDB.
import type { Person } from '../../libs/testing/src/platform-people.ts';
import type { Platform } from '../../libs/testing/src/platform-process.ts';
import { mongoEnvironment } from '../../libs/testing/src/distributed-engines.ts';
import { overNats } from './edge.bench.ts';
import { flood } from './flood.bench.ts';
import { withLoad } from './load.parts.ts';
import { queued } from './queue.bench.ts';
import type { Row } from './row.ts';
import { watched } from './watchers.bench.ts';

/** In this order: each leaves the organizations in a state that the next can use. */
const MEASUREMENTS: readonly ((platform: Platform, busy: Person, other: Person) => Promise<readonly Row[]>)[] = [
  flood,
  watched,
  async (...load) => [await queued(...load)],
];

export async function run(): Promise<Row[]> {
  const [nats, mongo] = [process.env['ASTRO_TEST_NATS_URL'], process.env['ASTRO_TEST_MONGO_URL']];
  if (!nats) {
    console.error('distributed profile: skipped, ASTRO_TEST_NATS_URL is not set');
    return [];
  }
  const rows = await overNats(nats);
  if (!mongo) {
    console.error('distributed profile, separate services: skipped, ASTRO_TEST_MONGO_URL is not set');
    return rows;
  }
  await withLoad(
    async (...load) => {
      for (const measure of MEASUREMENTS) rows.push(...(await measure(...load)).map(ofServices));
    },
    { environment: mongoEnvironment(mongo), apart: true },
  );
  return rows;
}

const ofServices = (row: Row): Row => ({ ...row, name: `distributed: ${row.name}` });
