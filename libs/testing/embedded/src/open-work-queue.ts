import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';

/** A work queue in a folder of its own, on the clock of the machine. */
export const openWorkQueue = (folder: string): Promise<WorkQueue> =>
  openEmbeddedWorkQueue({ folder, clock: systemClock, ids: systemIds, log: silentLogger });
