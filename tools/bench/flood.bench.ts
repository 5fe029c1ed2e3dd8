// What one organization sends must not be felt by another one.
import type { Person } from '../../libs/testing/src/platform-people.ts';
import type { Platform } from '../../libs/testing/src/platform-process.ts';
import { apply, getTimes, mixedRequest, settled, withLoad } from './load.parts.ts';
import type { Row } from './row.ts';

const CLIENTS = 64;
const SECONDS = 6;

export const run = (): Promise<Row[]> => withLoad(flood);

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

function percentiles(times: readonly number[]): { readonly median: number; readonly most: number } {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
  return { median: at(0.5), most: at(0.99) };
}
