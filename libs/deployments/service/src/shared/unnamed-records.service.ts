import { CLOCK, LOGGER, type Clock, type Logger } from '#kernel';
import { removeUnnamed, VAULT, type Vault } from '#vault';
import { Inject, Injectable } from '@nestjs/common';

/** Removes vault records that no event refers to. */
@Injectable()
export class UnnamedRecords {
  constructor(
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Removes old records of all prefixes: see `removeUnnamed`. */
  async remove(
    prefixes: readonly string[],
    signal: AbortSignal,
    isNamed: (name: string) => boolean | Promise<boolean>,
  ): Promise<void> {
    const { vault, clock, logger } = this;
    for (const prefix of prefixes) await removeUnnamed(prefix, { vault, clock, logger }, isNamed, signal);
  }
}
