import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const LOOK_MS = 200;

/**
 * Has work done by one of the processes that need it, while the others wait. If that process ends or fails before the
 * work is done, another one does it.
 *
 * @param {string} lock path of the file that contains the ID of the process at work
 * @param {() => boolean} isDone
 * @param {() => unknown} work
 */
export async function once(lock, isDone, work) {
  while (!isDone()) {
    if (!takeLock(lock)) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      continue;
    }
    try {
      if (!isDone()) await work(); // another process may have done it since
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

/** Takes a lock, and returns whether this process has it. A lock of a process that has ended is removed. */
function takeLock(lock) {
  mkdirSync(dirname(lock), { recursive: true });
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const holder = Number(existsSync(lock) && readFileSync(lock, 'utf8'));
    if (holder && !isAlive(holder)) rmSync(lock, { force: true });
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
