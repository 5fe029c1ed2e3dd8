import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { formatSealingKeys, parseSealingKeys, VaultSealError, type SealingKey } from '#vault';

const FILE = 'sealing-keys';

/**
 * The sealing keys of an embedded installation: `<folder>/sealing-keys`, in the form of `ASTRO_SEALING_KEYS`, made at
 * the first call. Processes that start at once end with the same key.
 * @throws VaultSealError when group or others may read the file, or it holds no keys
 */
export function loadOrCreateSealingKeys(folder: string): readonly SealingKey[] {
  const file = join(folder, FILE);
  mkdirSync(folder, { recursive: true });
  return load(file) ?? create(folder, file);
}

function load(file: string): readonly SealingKey[] | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) return undefined;
  if (process.platform !== 'win32' && stat.mode & 0o077) {
    throw new VaultSealError(
      `The file ${file} holds sealing keys and others than its owner may use it; run chmod 600 on it and start again.`,
    );
  }
  const keys = parseSealingKeys(readFileSync(file, 'utf8').trim());
  if (!keys.ok) throw new VaultSealError(`The file ${file} holds no sealing keys: ${keys.error.detail}`);
  return keys.value;
}

/** Written aside and linked into place: whoever reads the name finds whole keys, and the first writer wins. */
function create(folder: string, file: string): readonly SealingKey[] {
  const aside = `${file}.${randomBytes(8).toString('hex')}`;
  const id = `local-${randomBytes(4).toString('hex')}`;
  const descriptor = openSync(aside, 'wx', 0o600);
  try {
    writeSync(descriptor, `${formatSealingKeys([{ id, key: randomBytes(32) }])}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(aside, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    unlinkSync(aside);
  }
  syncFolder(folder); // a record sealed with a key whose file a power cut takes away would be lost
  const keys = load(file);
  if (!keys) throw new VaultSealError(`The file ${file} was removed while the platform started.`);
  return keys;
}

function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // folders cannot be opened there
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const isCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;
