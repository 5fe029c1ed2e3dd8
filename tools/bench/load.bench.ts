// Many clients of one platform: what one organization does must not be felt by another one.
import { spawnSync } from 'node:child_process';
import { startPlatform, type Platform } from '../../libs/testing/src/platform-process.ts';
import type { Person } from '../../libs/testing/src/platform-people.ts';
import { apply, claimedAfter, getTimes, mixedRequest, openTwo, watch } from './load.parts.ts';
import type { Row } from './row.ts';

const CLIENTS = 64;
const SECONDS = 6;
const WATCHERS = 500;
/** Applications that are watched and changed. */
const WATCHED = 50;
const QUEUED = 400;

export async function run(): Promise<Row[]> {
  // As it is installed: from source each answer is held against its contract as well.
  const built = spawnSync(process.execPath, ['tools/build.mjs', 'apps/platform'], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  const platform = await startPlatform({
    program: 'dist/apps/platform/main.mjs',
    environment: {
      ASTRO_MAX_STREAMS_PER_KEY: String(WATCHERS),
      ASTRO_MAX_STREAMS_PER_ORGANIZATION: String(WATCHERS),
      ASTRO_MAX_CONNECTIONS_PER_ADDRESS: String(4 * WATCHERS),
    },
  });
  try {
    const [busy, other] = await openTwo(platform);
    await apply(platform, other, 'web', '1.0');
    return [
      ...(await flood(platform, busy, other)),
      ...(await watched(platform, busy)),
      await queued(platform, busy, other),
    ];
  } finally {
    await platform.stop();
  }
}

async function flood(platform: Platform, busy: Person, other: Person): Promise<Row[]> {
  for (let n = 0; n < 8; n++) await apply(platform, busy, `app-${n}`, '1.0');
  await settled();
  const during = (seconds: number): (() => boolean) => {
    const end = performance.now() + seconds * 1_000;
    return () => performance.now() > end;
  };
  const quiet = percentiles(await getTimes(platform, other, 'web', during(SECONDS)));
  const isOver = during(SECONDS);
  let sent = 0;
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!isOver()) await mixedRequest(platform, busy, sent++);
  });
  const flooded = percentiles(await getTimes(platform, other, 'web', isOver));
  await Promise.all(clients);
  console.error(`the flood was ${Math.round(sent / SECONDS)} requests a second`);
  const row = (name: string, ours: number, raw: number, goal: string): Row => ({
    name: `GET while another organization floods, ${CLIENTS} mixed clients, beside quiet: ${name}`,
    unit: 'ms',
    ours,
    raw,
    ratio: raw / ours,
    goal,
  });
  return [
    row('median', flooded.median, quiet.median, 'reported'),
    row('99 %', flooded.most, quiet.most, '<= 3 times quiet (ratio >= 0.33)'),
  ];
}

/** Applies a second, beside the same without anybody who watches. */
async function watched(platform: Platform, person: Person): Promise<Row[]> {
  let round = 10;
  const rate = async (): Promise<number> => {
    await settled();
    round += 1;
    const began = performance.now();
    let next = 0;
    const one = async (): Promise<void> => {
      for (let n = next++; n < 100; n = next++) await apply(platform, person, `app-${n % WATCHED}`, `${round}.${n}`);
    };
    await Promise.all(Array.from({ length: 4 }, one));
    return 100_000 / (performance.now() - began);
  };
  const besides = async (nameOf: (index: number) => string | undefined): Promise<number> => {
    const { told, end } = await watch(platform, person, WATCHERS, nameOf);
    const measured = await rate();
    console.error(`${WATCHERS} watches were told ${told()} changes`);
    end();
    return measured;
  };
  await rate();
  const before = await rate();
  const each = await besides((index) => `app-${index % WATCHED}`);
  const all = await besides(() => undefined);
  const raw = Math.max(before, await rate());
  const row = (what: string, ours: number, goal: string): Row => ({
    name: `applies while ${WATCHERS} streams watch ${what}, beside none`,
    unit: 'applies/s',
    ours,
    raw,
    ratio: ours / raw,
    goal,
  });
  return [
    row('one application each', each, '>= 0.7 of without'),
    row('the whole organization each', all, 'reported: 500 answers for each change'),
  ];
}

/** How long one organization's single apply waits behind hundreds of another's. */
async function queued(platform: Platform, busy: Person, other: Person): Promise<Row> {
  await settled();
  const names = Array.from({ length: QUEUED }, (_, n) => `queued-${n}`);
  let next = 0;
  const one = async (): Promise<void> => {
    for (let name = names[next++]; name !== undefined; name = names[next++]) await apply(platform, busy, name, '1.0');
  };
  await Promise.all(Array.from({ length: 16 }, one));
  const version = await apply(platform, other, 'web', '2.0');
  return {
    name: `a single apply until a worker takes it, behind ${QUEUED} of another organization`,
    unit: 'ms',
    ours: await claimedAfter(platform, other, 'web', version),
    goal: '<= 2000 ms',
  };
}

/** Rollouts of the part before have mostly ended. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5_000));

function percentiles(times: readonly number[]): { readonly median: number; readonly most: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
  return { median: at(0.5), most: at(0.99) };
}
