import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { reasonOf, StartError } from './start-error.ts';

/** A living process of the same name uses the data folder. */
export class DataFolderInUseError extends StartError {}

export interface DataFolder {
  readonly path: string;
  /** Gives the folder up for the next process of this name. */
  release(): void;
}

/**
 * Opens (and makes) the data folder for one process.
 * @param name what the process is; two of one name never share a folder
 * @throws StartError when the folder cannot be used; DataFolderInUseError, which is one, when a living process of that name uses it
 */
export function openDataFolder(path: string, name: string): DataFolder {
  const lock = join(path, `${name}.lock`);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (!statSync(path).isDirectory())
      throw new StartError(`The data folder ${path} is no folder; set ASTRO_DATA_DIR to another.`);
    takeLock(lock, path);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `The data folder ${path} cannot be used (${reasonOf(error)}); set ASTRO_DATA_DIR to one that this user may write.`,
      { cause: error },
    );
  }
  return { path, release: () => rmSync(lock, { force: true }) };
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
        if (!(typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST')) throw error;
      }
      const holder = readHolder(lock);
      if (holder && holder.began !== '' && holder.began === began(holder.pid)) {
        throw new DataFolderInUseError(
          `The data folder ${folder} is in use by process ${holder.pid}; stop that one, or set ASTRO_DATA_DIR to another folder.`,
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
