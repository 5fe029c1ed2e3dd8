import { spawn, type ChildProcess } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { err, ok, type Clock, type Result } from '#kernel';

/** One run of a program. */
export interface ProgramRun {
  /** Absolute path. */
  readonly program: string;
  /** Passed as they are; no shell reads them. */
  readonly args: readonly string[];
  /** The whole environment. Nothing is inherited from this process. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Absent: the program reads an empty input. */
  readonly stdin?: string | Uint8Array;
  /** Milliseconds of `clock` after which the program is killed. */
  readonly timeoutMs: number;
  /** Bytes of standard output after which the program is killed. */
  readonly maxOutputBytes: number;
  /** Bytes of address space of each process. Ignored where `prlimit` of util-linux is not installed. */
  readonly memoryBytes?: number;
  /** Bytes of each file that a process writes. Ignored where `prlimit` of util-linux is not installed. */
  readonly fileBytes?: number;
  /** Kills the program when it aborts. */
  readonly signal: AbortSignal;
  readonly clock: Pick<Clock, 'timer'>;
}

export interface ProgramOutput {
  readonly stdout: Buffer;
  /** Its last 64 KiB. */
  readonly stderr: string;
}

export interface ProgramFailure {
  readonly reason: 'timeout' | 'output' | 'exit' | 'not-installed' | 'aborted';
  /** Exit code. Absent if the program was ended by a signal, or did not start. */
  readonly code?: number;
  /** Its last 64 KiB. May contain what was passed to the program; do not show it without removing secrets. */
  readonly stderr: string;
}

const MAX_STDERR_BYTES = 64 * 1024;
const PRLIMIT_PATHS = ['/usr/bin/prlimit', '/bin/prlimit'];

/**
 * Runs a program to its end, without a shell, in a process group of its own. The whole group is killed when a limit is
 * exceeded, when `signal` aborts, and when the program itself ends, so that no process of it remains. Never throws for
 * what the program does.
 */
export async function runProgram(run: ProgramRun): Promise<Result<ProgramOutput, ProgramFailure>> {
  if (!(await isExecutable(run.program))) return err({ reason: 'not-installed', stderr: '' });
  const [program, args] = await withLimits(run);
  if (run.signal.aborted) return err({ reason: 'aborted', stderr: '' });
  const child = spawn(program, args, {
    cwd: run.cwd,
    env: { ...run.env },
    detached: true, // makes it the leader of a new process group
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  return finished(child, run);
}

function finished(child: ChildProcess, run: ProgramRun): Promise<Result<ProgramOutput, ProgramFailure>> {
  return new Promise((resolve) => {
    const output: Buffer[] = [];
    let outputBytes = 0;
    let stderr = Buffer.alloc(0);
    let ended: ProgramFailure['reason'] | undefined;
    const end = (reason: ProgramFailure['reason']) => {
      ended ??= reason;
      killGroup(child);
    };
    const onAbort = () => end('aborted');
    const timer = run.clock.timer(run.timeoutMs, () => end('timeout'));
    run.signal.addEventListener('abort', onAbort, { once: true });
    const settle = (code: number | null, started = true) => {
      timer.cancel();
      run.signal.removeEventListener('abort', onAbort);
      const text = stderr.toString('utf8');
      if (ended === undefined && code === 0) return resolve(ok({ stdout: Buffer.concat(output), stderr: text }));
      const reason = ended ?? (started ? 'exit' : 'not-installed');
      resolve(err({ reason, ...(code !== null && { code }), stderr: text }));
    };

    child.stdout?.on('data', (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes > run.maxOutputBytes) end('output');
      else output.push(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = Buffer.concat([stderr, chunk]).subarray(-MAX_STDERR_BYTES);
    });
    // A program may end without reading its input. How it ends says whether that was an error.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(run.stdin);
    child.on('error', () => settle(null, false));
    child.on('exit', () => killGroup(child)); // what it has started must not keep its output open
    child.on('close', (code) => settle(code));
  });
}

/** Kills all processes of the group of a child. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // All processes of the group have ended.
  }
}

/** Returns the program and its arguments, run by `prlimit` if there are limits and it is installed. */
async function withLimits(run: ProgramRun): Promise<readonly [program: string, args: readonly string[]]> {
  const limits = [
    ...(run.memoryBytes === undefined ? [] : [`--as=${run.memoryBytes}`]),
    ...(run.fileBytes === undefined ? [] : [`--fsize=${run.fileBytes}`]),
  ];
  if (limits.length > 0)
    for (const prlimit of PRLIMIT_PATHS)
      if (await isExecutable(prlimit)) return [prlimit, ['--core=0', ...limits, run.program, ...run.args]];
  return [run.program, run.args];
}

/** Returns whether a path is a file that this process may run. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
