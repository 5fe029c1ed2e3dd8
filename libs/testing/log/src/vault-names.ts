import { silentLogger } from '#kernel';
import { loadOrCreateSealingKeys, openEmbeddedVault } from '#vault/embedded';
import { manualClock, sequenceIds } from '#testing';

/** Returns the names of all records in a platform's vault, including expired ones, whether it is running or not. */
export async function vaultNames(dataDir: string): Promise<readonly string[]> {
  const vault = await openEmbeddedVault({
    folder: dataDir,
    clock: manualClock(0), // nothing has expired at that time, so reading removes nothing
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

/** Returns the pattern of similar names: `{}` stands for an id, a digest or a number. */
export const formOfName = (name: string): string =>
  name.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|\b\d+\b/g, '{}');
