import { silentLogger } from '#kernel';
import { loadOrCreateSealingKeys, openEmbeddedVault } from '#vault/embedded';
import { manualClock, sequenceIds } from '#testing';

/** Names of all records in the vault of a platform, running or not; those that have expired too. */
export async function vaultNames(dataDir: string): Promise<readonly string[]> {
  const vault = await openEmbeddedVault({
    folder: dataDir,
    clock: manualClock(0), // nothing has expired then, so that looking removes nothing
    ids: sequenceIds(),
    sealingKeys: loadOrCreateSealingKeys(dataDir),
    log: silentLogger,
  });
  try {
    const names: string[] = [];
    for await (const { name } of vault.list('')) names.push(name);
    return names;
  } finally {
    await vault.close();
  }
}

/** What stays the same in the names of like records: `{}` stands for an id, a digest or a number. */
export const formOfName = (name: string): string =>
  name.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|\b\d+\b/g, '{}');
