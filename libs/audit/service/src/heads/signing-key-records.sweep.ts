import type { Sweep } from '#event-sourcing';
import { CLOCK, LOGGER, type Clock, type Logger } from '#kernel';
import { removeUnnamed, UNNAMED_EVERY_MS, VAULT, type Vault } from '#vault';
import { Inject, Injectable } from '@nestjs/common';
import { SEED_RECORDS, SigningKeys } from './signing-keys.service.ts';

/** Removes seeds of interrupted rotations. */
@Injectable()
export class SigningKeyRecordsSweep implements Sweep {
  readonly name = 'audit-signing-key-records';
  readonly everyMs = UNNAMED_EVERY_MS;

  constructor(
    @Inject(SigningKeys) private readonly keys: SigningKeys,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  run(signal: AbortSignal): Promise<void> {
    const { vault, clock, logger } = this;
    return removeUnnamed(SEED_RECORDS, { vault, clock, logger }, (name) => this.keys.isNamed(name), signal);
  }
}
