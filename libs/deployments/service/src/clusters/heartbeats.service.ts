import { CLOCK, LOGGER, type Clock, type Logger } from '#kernel';
import { encodeText, VAULT, VaultUnavailableError, type Vault } from '#vault';
import { Inject, Injectable } from '@nestjs/common';

/** Milliseconds after which a cluster that nobody heard of counts as silent. */
export const SILENCE_MS = 60_000;
/** A cluster's heartbeat is stored at most so often, in milliseconds. */
const STORED_EVERY_MS = 15_000;
const PREFIX = 'heartbeat/';

/**
 * When each cluster was last heard of. Kept in the vault, not in the log: it says nothing about what happened, and every
 * instance must know it, whichever took the report.
 */
@Injectable()
export class Heartbeats {
  private readonly stored = new Map<string, number>();

  constructor(
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async heard(clusterId: string): Promise<void> {
    const now = this.clock.monotonic();
    if (now - (this.stored.get(clusterId) ?? Number.NEGATIVE_INFINITY) < STORED_EVERY_MS) return;
    this.stored.set(clusterId, now);
    await this.tolerant(() => this.vault.put(`${PREFIX}${clusterId}`, encodeText(String(this.clock.now()))));
  }

  /** Milliseconds since 1970 by cluster id. */
  async all(): Promise<ReadonlyMap<string, number>> {
    const all = new Map<string, number>();
    await this.tolerant(async () => {
      for await (const { name, updatedAtMs } of this.vault.list(PREFIX))
        all.set(name.slice(PREFIX.length), updatedAtMs);
    });
    return all;
  }

  /** Of a cluster that is gone. */
  async forget(clusterId: string): Promise<void> {
    this.stored.delete(clusterId);
    await this.tolerant(() => this.vault.delete(`${PREFIX}${clusterId}`));
  }

  /** A failed heartbeat does not refuse the request that it came with. */
  private async tolerant(use: () => Promise<unknown>): Promise<void> {
    try {
      await use();
    } catch (error) {
      if (!(error instanceof VaultUnavailableError)) throw error;
      this.logger.warn({ code: error.code }, 'heartbeats of clusters could not be kept');
    }
  }
}
