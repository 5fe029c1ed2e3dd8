import { linkSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { isSystemError, makePrivate, makePrivateFolder, reasonOf } from '#files';
import { printError } from './print-error.ts';
import { StartError } from './start-error.ts';

/** A living process of the same name uses the data folder. */
export class DataFolderInUseError extends StartError {}

export interface DataFolder {
  readonly path: string;
  /** Gives the folder up for the next process of this name. */
  release(): void;
}

/**
 * Opens (and makes) the data folder for one process, and keeps it to its owner (0700).
 * @param name what the process is; two of one name never share a folder
 * @throws StartError when the folder cannot be used; DataFolderInUseError, which is one, when a living process of that name uses it
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

/** Names that a process of the platform gives to what it keeps in the folder. */
const OURS =
  /^(events|read-store|vault|work-queue)\.sqlite|^(sealing|caller)-keys|^initial-admin-password|^sandbox$|\.(log|lock)(\.|$)/;

/**
 * Takes the rights of other users from the folder. One that holds other people's files is left as it is: it may be a home
 * folder, or `/tmp`.
 * @returns a sentence about why others may still look into it; undefined when they may not
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

/** A file with process id and the time that process began: a number that was given to another process does not count. */
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
    throw new StartError(`The data folder ${folder} is being taken by another process; start again.`);
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
    return undefined; // torn or gone: nobody holds it
  }
}

/** When a process began, in a form that only has to be equal to itself; empty when it is gone. */
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
