import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { DataFolderInUseError, openDataFolder, type DataFolder } from './data-folder.ts';
import { StartError } from './start-error.ts';

/** Maximum number of processes of one service that share a data folder. */
const MAX_INSTANCES = 64;

export interface ClaimedInstance {
  readonly folder: DataFolder;
  /** Name of the lock and of the log in the data folder. */
  readonly slot: string;
  /** Unique among all hosts and folders. Does not contain the path of the folder. */
  readonly name: string;
}

/**
 * Claims the data folder for the process that is the complete platform.
 *
 * @throws StartError
 */
export function claimAlone(path: string, service: string): ClaimedInstance {
  return { folder: openDataFolder(path, service), slot: service, name: service };
}

/**
 * Claims the first free slot of a service in a shared data folder. Because of the lock, a process that gets the slot of
 * another one knows that it has ended, and can take over its claims immediately. A suspended process keeps its slot.
 *
 * @throws StartError
 */
export function claimSlot(path: string, service: string): ClaimedInstance {
  for (let number = 1; number <= MAX_INSTANCES; number++) {
    const slot = `${service}-${number}`;
    try {
      const folder = openDataFolder(path, slot);
      const place = createHash('sha256').update(realpathSync(path)).digest('hex').slice(0, 8);
      return { folder, slot, name: `${hostname()}/${place}/${slot}` };
    } catch (error) {
      if (!(error instanceof DataFolderInUseError)) throw error;
    }
  }
  throw new StartError(
    `${MAX_INSTANCES} processes of ${service} already use the data folder ${path}; set ASTRO_DATA_DIR to another.`,
  );
}
