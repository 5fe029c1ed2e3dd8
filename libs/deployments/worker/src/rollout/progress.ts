import type { InventoryEntry } from '#kubernetes';

/** Progress of an attempt, reported when it fails. */
export interface Progress {
  inventory: readonly InventoryEntry[];
  /** Objects without hooks. */
  applied: readonly InventoryEntry[];
  wrote: boolean;
}
