// The requests of one organization must not slow down another.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Person } from '../../libs/testing/src/platform-people.ts';
import type { Platform } from '../../libs/testing/src/platform-process.ts';
import { apply, getTimes, percentiles, settled, withLoad } from './load.parts.ts';
import type { Row } from './row.ts';

const CLIENTS = 64;
const SECONDS = 6;

export const run = (): Promise<Row[]> => withLoad(flood);

export async function flood(platform: Platform, busy: Person, other: Person): Promise<Row[]> {
  for (let n = 0; n < 8; n++) await apply(platform.url, busy, `app-${n}`, '1.0');
  await settled();
  const during = (seconds: number): (() => boolean) => {
    const end = performance.now() + seconds * 1_000;
    return () => performance.now() > end;
  };
  const quiet = percentiles(await getTimes(platform, other, 'web', during(SECONDS)));
  const flood = startFlood(platform, busy);
  const flooded = percentiles(await getTimes(platform, other, 'web', during(SECONDS)));
  console.error(`the flood was ${Math.round((await flood.end()) / SECONDS)} requests a second`);
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

/**
 * Sends requests of `person` continuously from another process.
 * @returns a function that stops it and resolves with their number
 */
function startFlood({ url }: Platform, person: Person): { readonly end: () => Promise<number> } {
  const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const args = ['--import', file('../typescript.mjs'), file('flood.client.ts'), String(CLIENTS)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let printed = '';
  child.stdout.on('data', (part: Buffer) => (printed += String(part)));
  child.stdin.on('error', () => {}); // the exit code says more
  child.stdin.write(`${JSON.stringify({ url, person })}\n`);
  return {
    end: async () => {
      child.stdin.end();
      const [code] = (await exited) as [number | null];
      if (code !== 0) throw new Error(`the client of the flood ended with ${code}`);
      return Number(printed);
    },
  };
}
