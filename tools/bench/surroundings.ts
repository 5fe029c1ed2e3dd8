import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, type Clock, type Ids } from '#kernel';

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, fire) {
    const timeout = setTimeout(fire, ms).unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};
const ids: Ids = { uuid: () => randomUUID(), random: (bytes) => new Uint8Array(randomBytes(bytes)) };

/** What engines want from their process. */
export const surroundings = { clock, ids, log: silentLogger };

/** Runs `work` with a new folder that is gone afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'astro-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Things per second that `work` gets done. */
export async function perSecond(things: number, work: () => Promise<unknown> | unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (things * 1000) / (performance.now() - start);
}
