import { linkSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { isSystemError, makePrivate, makePrivateFolder, reasonOf } from '#files';
import { printError } from './print-error.ts';
import { StartError } from './start-error.ts';

/** A running process with the same name uses the data folder. */
export class DataFolderInUseError extends StartError {}

export interface DataFolder {
  readonly path: string;
  /** Releases the folder for the next process with this name. */
  release(): void;
}

/**
 * Opens (and creates) the data folder for one process, accessible to its owner only (mode 0700).
 *
 * @param name the process's name. Two processes with one name never share a folder.
 * @throws StartError if the folder cannot be used; its subclass DataFolderInUseError if a running process with that
 *   name uses it
 */
export function openDataFolder(path: string, name: string): DataFolder {
  const lock = join(path, `${name}.lock`);
  try {
    makePrivateFolder(path);
    if (!statSync(path).isDirectory())
      throw new StartError(`The data folder ${path} is not a folder; set ASTRO_DATA_DIR to another.`);
    takeLock(lock, path);
    const warning = openToOthers(path);
    if (warning !== undefined) printError(`Warning: ${warning}`);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `The data folder ${path} cannot be used (${reasonOf(error)}); set ASTRO_DATA_DIR to a folder that this user can write to.`,
      { cause: error },
    );
  }
  return { path, release: () => rmSync(lock, { force: true }) };
}

/** Names of files that processes of the platform create in the folder. */
const OURS =
  /^(events|read-store|vault|work-queue)\.sqlite|^(sealing|caller)-keys|^initial-admin-password|^sandbox$|\.(log|lock)(\.|$)/;

/**
 * Removes the permissions of other users. A folder with unrelated files is not changed, because it may be a home
 * folder, or `/tmp`.
 *
 * @returns a sentence that explains why others still have access; undefined if they do not
 */
function openToOthers(path: string): string | undefined {
  const { mode } = statSync(path);
  if ((mode & 0o077) === 0 || process.platform === 'win32') return undefined;
  const shown = (mode & 0o777).toString(8);
  if (!readdirSync(path).every((name) => OURS.test(name)))
    return `The data folder ${path} has mode ${shown} and contains other files, so its mode is not changed; use a separate folder, or run chmod 700 ${path}.`;
  const reason = makePrivate(path);
  return reason === undefined
    ? undefined
    : `The data folder ${path} has mode ${shown}, which cannot be changed (${reason}); run chmod 700 ${path} as its owner.`;
}

/**
 * Creates a file with the process ID and start time. The start time detects an ID that was assigned to another process.
 */
function takeLock(lock: string, folder: string): void {
  const draft = `${lock}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ pid: process.pid, began: began(process.pid) }), { mode: 0o600 });
  try {
    for (let tries = 0; tries < 5; tries++) {
      try {
        linkSync(draft, lock);
        return;
      } catch (error) {
        if (!isSystemError(error, 'EEXIST')) throw error;
      }
      const holder = readHolder(lock);
      if (holder && holder.began !== '' && holder.began === began(holder.pid)) {
        throw new DataFolderInUseError(
          `The data folder ${folder} is in use by process ${holder.pid}; stop it, or set ASTRO_DATA_DIR to another folder.`,
        );
      }
      rmSync(lock, { force: true });
    }
    throw new StartError(`The data folder ${folder} is being locked by another process; start again.`);
  } finally {
    rmSync(draft, { force: true });
  }
}

function readHolder(lock: string): { pid: number; began: string } | undefined {
  try {
    const holder: unknown = JSON.parse(readFileSync(lock, 'utf8'));
    if (typeof holder !== 'object' || holder === null || !('pid' in holder) || !('began' in holder)) return undefined;
    return { pid: Number(holder.pid), began: String(holder.began) };
  } catch {
    return undefined; // incomplete or missing: there is no owner
  }
}

/** Returns when a process started, in a form that can only be compared; empty if it does not exist. */
function began(pid: number): string {
  try {
    if (process.platform === 'linux') {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return fields[0] === 'Z' ? '' : (fields[19] ?? '');
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}
