import { encodeText, type Vault } from '#vault';
import { StartError } from './start-error.ts';

/** Record of the vault that exists while a backup is imported. */
const MARK = 'platform/import';

/** Marks the engines as incomplete, before anything is imported. */
export const markImport = (vault: Vault) => vault.put(MARK, encodeText('in progress'));

/** Removes the mark, when the import is complete. */
export const endImport = (vault: Vault) => vault.delete(MARK);

/** @throws StartError if an import did not complete */
export async function refuseInterruptedImport(vault: Pick<Vault, 'get'>, folder: string): Promise<void> {
  if (await vault.get(MARK))
    throw new StartError(
      `The import of a backup was interrupted, so the log and the vault are not complete; delete both (by default events.sqlite* and vault.sqlite* in ${folder}, but not sealing-keys), and run npm run admin:import again.`,
    );
}
