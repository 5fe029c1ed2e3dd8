// Hundreds of watches of applications must not slow down their changes.
import type { Person } from '../../libs/testing/src/platform-people.ts';
import type { Platform } from '../../libs/testing/src/platform-process.ts';
import { apply, settled, WATCHERS, watch, withLoad } from './load.parts.ts';
import type { Row } from './row.ts';

/** Number of applications that are watched and changed. */
const WATCHED = 50;

export const run = (): Promise<Row[]> => withLoad(watched);

/** Compares applies per second with and without watches. */
export async function watched(platform: Platform, person: Person): Promise<Row[]> {
  let round = 10;
  const rate = async (applies = 100): Promise<number> => {
    await settled();
    round += 1;
    const began = performance.now();
    let next = 0;
    const one = async (): Promise<void> => {
      for (let n = next++; n < applies; n = next++)
        await apply(platform.url, person, `app-${n % WATCHED}`, `${round}.${n}`);
    };
    await Promise.all(Array.from({ length: 4 }, one));
    return (applies * 1_000) / (performance.now() - began);
  };
  const besides = async (nameOf: (index: number) => string | undefined, applies?: number): Promise<number> => {
    const { received, end } = await watch(platform, person, WATCHERS, nameOf);
    const measured = await rate(applies);
    console.error(`${WATCHERS} watches were told ${received()} changes, at ${measured.toFixed(1)} applies a second`);
    end();
    return measured;
  };
  await rate();
  const before = await rate();
  const each = await besides((index) => `app-${index % WATCHED}`);
  const all = await besides(() => undefined, 20);
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
