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

/** What everybody but the owner may do with a file. */
const OTHERS = 0o077;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const HAS_MODES = process.platform !== 'win32';

/** Makes a folder, and the folders above it that are missing, for its owner alone (0700). One that exists stays as it is. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
}

/**
 * Takes the rights of group and others from an existing file or folder.
 * @returns why it is still open to others; undefined when it is the owner's alone
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

/** Replaces a small file whole (0600). A process that is killed in the meantime leaves the old file or the new one, never a part. */
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
 * Makes a small file (0600) unless there is one. Of several processes that start together one makes it, and all read it whole.
 * @returns whether this call made it
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
  syncFolder(dirname(path)); // what is sealed with a key whose file a power cut takes away would be lost
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
  if (!HAS_MODES) return; // folders cannot be opened there
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
