import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '#kernel';
import { systemClock as clock, systemIds as ids } from '#runtime/system';

/** Dependencies of the engines. */
export const surroundings = { clock, ids, log: silentLogger };

/** Runs `work` with a new folder that is deleted afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'astro-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns how many of the `things` per second `work` processes. */
export async function perSecond(things: number, work: () => Promise<unknown> | unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (things * 1000) / (performance.now() - start);
}

/** Returns how many of the `things` `work` processes per second of processor time of this process. */
export async function perProcessorSecond(things: number, work: () => Promise<unknown> | unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (things * 1_000_000) / (user + system);
}
