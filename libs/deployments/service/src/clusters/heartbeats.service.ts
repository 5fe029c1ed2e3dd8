import { CLOCK, LOGGER, type Clock, type Logger } from '#kernel';
import { encodeText, VAULT, VaultUnavailableError, type Vault } from '#vault';
import { Inject, Injectable } from '@nestjs/common';

/** Milliseconds without a report after which a cluster counts as silent. */
export const SILENCE_MS = 60_000;
/** A cluster's heartbeat is stored at most once in this interval, in milliseconds. */
const STORED_EVERY_MS = 15_000;
const PREFIX = 'heartbeat/';

/**
 * Stores when each cluster last reported. Kept in the vault rather than in the log, since it is not an event, and all
 * instances need it, no matter which one received the report.
 */
@Injectable()
export class Heartbeats {
  private readonly stored = new Map<string, number>();

  constructor(
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async record(clusterId: string): Promise<void> {
    const now = this.clock.monotonic();
    if (now - (this.stored.get(clusterId) ?? Number.NEGATIVE_INFINITY) < STORED_EVERY_MS) return;
    this.stored.set(clusterId, now);
    await this.tolerant(() => this.vault.put(`${PREFIX}${clusterId}`, encodeText(String(this.clock.now()))));
  }

  /** Returns times in milliseconds since 1970, by cluster id. */
  async all(): Promise<ReadonlyMap<string, number>> {
    const all = new Map<string, number>();
    await this.tolerant(async () => {
      for await (const { name, updatedAtMs } of this.vault.list(PREFIX))
        all.set(name.slice(PREFIX.length), updatedAtMs);
    });
    return all;
  }

  /** Removes the heartbeat of a deleted cluster. */
  async forget(clusterId: string): Promise<void> {
    this.stored.delete(clusterId);
    await this.tolerant(() => this.vault.delete(`${PREFIX}${clusterId}`));
  }

  /** Logs a failure instead of failing the request that carried the heartbeat. */
  private async tolerant(use: () => Promise<unknown>): Promise<void> {
    try {
      await use();
    } catch (error) {
      if (!(error instanceof VaultUnavailableError)) throw error;
      this.logger.warn({ code: error.code }, 'heartbeats of clusters could not be stored');
    }
  }
}
