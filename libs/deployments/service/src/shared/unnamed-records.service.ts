import { CLOCK, LOGGER, type Clock, type Logger } from '#kernel';
import { VAULT, type Vault } from '#vault';
import { Inject, Injectable } from '@nestjs/common';

/** Interval of the sweeps that remove unreferenced records, in milliseconds. */
export const UNNAMED_EVERY_MS = 3_600_000;
const DAY_MS = 24 * 3_600_000;

/** Removes vault records that no event refers to, because their request was interrupted or rejected. */
@Injectable()
export class UnnamedRecords {
  constructor(
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Removes records one day after they were stored. References are only checked for old records. Storing a record again
   * resets its age.
   */
  async remove(
    prefixes: readonly string[],
    signal: AbortSignal,
    isNamed: (name: string) => boolean | Promise<boolean>,
  ): Promise<void> {
    for (const prefix of prefixes) {
      let removed = 0;
      for await (const { name, updatedAtMs } of this.vault.list(prefix)) {
        if (signal.aborted) return;
        if (this.clock.now() - updatedAtMs < DAY_MS || (await isNamed(name))) continue;
        await this.vault.delete(name);
        removed += 1;
      }
      if (removed > 0) this.logger.info({ prefix, removed }, 'unreferenced vault records were removed');
    }
  }
}
