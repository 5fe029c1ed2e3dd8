import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Runs `work` while serving.ts serves `what` in a process of its own; `work` gets the port it prints. */
export async function withServing<T>(
  what: string,
  args: readonly string[],
  work: (port: number) => Promise<T>,
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
    return await work(port);
  } finally {
    child.stdin.end();
  }
}
