import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createPrivateFile, makePrivateFolder } from '#files';
import { formatSealingKeys, parseSealingKeys, VaultSealError, type SealingKey } from '#vault';

const FILE = 'sealing-keys';

/**
 * Reads the sealing keys of an embedded installation from `<folder>/sealing-keys`, in the format of
 * `ASTRO_SEALING_KEYS`. Creates the file at the first call. Processes that start at the same time get the same key.
 * @throws VaultSealError if group or others can read the file, or if its content is invalid
 */
export function loadOrCreateSealingKeys(folder: string): readonly SealingKey[] {
  const file = join(folder, FILE);
  makePrivateFolder(folder);
  const known = load(file);
  if (known) return known;
  const id = `local-${randomBytes(4).toString('hex')}`;
  createPrivateFile(file, `${formatSealingKeys([{ id, key: randomBytes(32) }])}\n`);
  const made = load(file);
  if (!made) throw new VaultSealError(`The file ${file} was removed while the platform started.`);
  return made;
}

function load(file: string): readonly SealingKey[] | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return undefined;
  if (process.platform !== 'win32' && stat.mode & 0o077) {
    throw new VaultSealError(
      `The file ${file} contains sealing keys and is accessible to other users; run chmod 600 on it and start again.`,
    );
  }
  const keys = parseSealingKeys(readFileSync(file, 'utf8').trim());
  if (!keys.ok) throw new VaultSealError(`The file ${file} contains no sealing keys: ${keys.error.detail}`);
  return keys.value;
}
