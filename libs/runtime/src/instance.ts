import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { DataFolderInUseError, openDataFolder, type DataFolder } from './data-folder.ts';
import { StartError } from './start-error.ts';

/** Processes of one service that may share a data folder. */
const MOST_INSTANCES = 64;

export interface ClaimedInstance {
  readonly folder: DataFolder;
  /** Name of the lock and of the log in the data folder. */
  readonly slot: string;
  /** One of its kind among all hosts and folders, without saying where the folder lies. */
  readonly name: string;
}

/**
 * Takes the data folder for the process that is the whole platform: it has the folder for itself.
 * @throws StartError
 */
export function claimAlone(path: string, service: string): ClaimedInstance {
  return { folder: openDataFolder(path, service), slot: service, name: service };
}

/**
 * Takes the first free slot of a service in a data folder that others may use too. The lock is what makes the name worth
 * something: whoever has the slot of another proves that the other is gone, and may continue with its claims at once. A
 * process that is frozen keeps its slot.
 * @throws StartError
 */
export function claimSlot(path: string, service: string): ClaimedInstance {
  for (let number = 1; number <= MOST_INSTANCES; number++) {
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
    `${MOST_INSTANCES} processes of ${service} use the data folder ${path} already; set ASTRO_DATA_DIR to another.`,
  );
}
