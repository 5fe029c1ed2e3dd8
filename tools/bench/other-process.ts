import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Returns the milliseconds of processor time that a process has used. NaN if the system does not provide it. */
export function processorMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10; // in ticks of 10 ms
  } catch {
    return Number.NaN;
  }
}

/** Returns the resident memory of a process in MB. */
export function residentMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? Number.NaN) / 1024;
}

/**
 * Runs `work` while serving.ts serves `what` in a separate process. `work` receives the port that it prints, and the
 * process id.
 */
export async function withServing<T>(
  what: string,
  args: readonly string[],
  work: (port: number, pid: number) => Promise<T>,
): Promise<T> {
  const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, ['--import', file('../typescript.mjs'), file('serving.ts'), what, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => ['failed'])])) as [
      Buffer | string,
    ];
    const port = Number(String(line));
    if (Number.isNaN(port)) throw new Error(`${what} did not start`);
    return await work(port, child.pid ?? 0);
  } finally {
    child.stdin.end();
  }
}
