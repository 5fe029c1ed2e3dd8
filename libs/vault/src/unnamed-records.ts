import type { Clock, Logger } from '#kernel';
import type { Vault } from './vault.ts';

/** Interval of the sweeps that remove unreferenced records, in milliseconds. */
export const UNNAMED_EVERY_MS = 3_600_000;
const DAY_MS = 24 * 3_600_000;

/**
 * Removes records that no event refers to, because their request was interrupted or rejected, one day after they were
 * stored. References are only checked for old records. Storing a record again resets its age.
 *
 * @param prefix of the names of the records
 */
export async function removeUnnamed(
  prefix: string,
  { vault, clock, logger }: { readonly vault: Vault; readonly clock: Clock; readonly logger: Logger },
  isNamed: (name: string) => boolean | Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  let removed = 0;
  for await (const { name, updatedAtMs } of vault.list(prefix)) {
    if (signal.aborted) return;
    if (clock.now() - updatedAtMs < DAY_MS || (await isNamed(name))) continue;
    await vault.delete(name);
    removed += 1;
  }
  if (removed > 0) logger.info({ prefix, removed }, 'unreferenced vault records were removed');
}
