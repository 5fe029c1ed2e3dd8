import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import type { WorkQueue } from '#work-queue';
import { openEmbeddedWorkQueue } from '#work-queue/embedded';

/** Opens a work queue in its own folder, with the system clock. */
export const openWorkQueue = (folder: string): Promise<WorkQueue> =>
  openEmbeddedWorkQueue({ folder, clock: systemClock, ids: systemIds, log: silentLogger });
