import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError, reasonOf } from './system-errors.ts';

/** Mode bits of group and others. */
const OTHERS = 0o077;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const HAS_MODES = process.platform !== 'win32';

/** Creates a folder with mode 0700, including missing parent folders. An existing folder is not changed. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
}

/**
 * Removes the permissions of group and others from an existing file or folder.
 * @returns the reason if others can still access it; otherwise undefined
 */
export function makePrivate(path: string): string | undefined {
  if (!HAS_MODES) return undefined;
  const { mode } = statSync(path);
  if ((mode & OTHERS) === 0) return undefined;
  try {
    chmodSync(path, mode & ~OTHERS & 0o7777);
  } catch (error) {
    return reasonOf(error);
  }
  return undefined;
}

/**
 * Replaces a small file atomically, with mode 0600. If the process is killed, either the old or the new file exists,
 * never a part.
 */
export function writePrivateFile(path: string, text: string): void {
  const draft = writeDraft(path, text);
  try {
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/**
 * Creates a small file with mode 0600 unless it exists. Of several processes that start at the same time, one creates
 * it, and all can read it completely.
 * @returns whether this call created it
 */
export function createPrivateFile(path: string, text: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })) return false;
  const draft = writeDraft(path, text);
  try {
    linkSync(draft, path);
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  syncFolder(dirname(path)); // a power failure must not lose a key with which data was already sealed
  return true;
}

function writeDraft(path: string, text: string): string {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, text, { mode: FILE_MODE, flag: 'wx', flush: true });
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) rmSync(draft, { force: true });
    throw error;
  }
  return draft;
}

function syncFolder(path: string): void {
  if (!HAS_MODES) return; // folders cannot be opened on this platform
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
