import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');

/** Result of a program that has ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of a program. */
export interface RunOptions {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Timeout in milliseconds. Defaults to 120,000. */
  readonly withinMs?: number;
  /** Called with each part of the standard output. */
  readonly onOutput?: (part: string) => void;
}

/** Runs a program. Resolves when it has ended, with any exit code. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: RunOptions & { readonly cwd?: string } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), options.withinMs ?? 120_000);
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      stdout += part;
      options.onOutput?.(part);
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
    child.stdin.on('error', () => {}); // the program may exit without reading its input
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
    child.stdin.end(options.input ?? '');
  });
}

/** A running program. */
export interface AppProcess {
  readonly pid: number;
  /** Returns the output so far. */
  output(): string;
  /** Sends SIGTERM and waits. */
  stop(): Promise<number | null>;
  /** Sends SIGKILL to the process group and waits. */
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  readonly exited: Promise<number | null>;
}

/**
 * Starts an app of this repository from source, in its own process group.
 * @param entry file below the app's `src`; defaults to `main.ts`
 */
export const startApp = (app: string, environment: Readonly<Record<string, string>>, entry = 'main.ts'): AppProcess =>
  startNode(['--enable-source-maps', '--import', './tools/typescript.mjs', `apps/${app}/src/${entry}`], environment);

/** Starts Node with these arguments, in its own process group. */
export function startNode(args: readonly string[], environment: Readonly<Record<string, string>>): AppProcess {
  const child: ChildProcess = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${args.join(' ')} did not start`);
  let printed = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (printed += part));
  child.stderr?.setEncoding('utf8').on('data', (part: string) => (printed += part));
  const exited = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  return {
    pid,
    output: () => printed,
    exited,
    signal: (name) => void (isRunning() && process.kill(-pid, name)),
    async stop() {
      if (isRunning()) process.kill(pid, 'SIGTERM');
      return exited;
    },
    async kill() {
      if (isRunning()) process.kill(-pid, 'SIGKILL');
      await exited;
    },
  };
}
