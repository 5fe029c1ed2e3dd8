import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const ADMIN = 'admin@astro.localhost';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds after which the program is ended; 120,000 when left out. */
  readonly withinMs?: number;
}

/** Starts a program and resolves when it has ended, whatever its exit code. */
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
    child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part));
    child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
    child.stdin.on('error', () => {}); // the program may end without reading its input
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
    child.stdin.end(options.input ?? '');
  });
}

export interface AppProcess {
  readonly pid: number;
  /** Everything it has printed so far. */
  output(): string;
  /** SIGTERM, and wait. */
  stop(): Promise<number | null>;
  /** SIGKILL to it and all processes it started, and wait. */
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  readonly exited: Promise<number | null>;
}

/**
 * Starts an app of this repository from source, in a process group of its own.
 * @param entry below the app's `src`; `main.ts` when left out
 */
export const startApp = (app: string, environment: Readonly<Record<string, string>>, entry = 'main.ts'): AppProcess =>
  startNode(['--enable-source-maps', '--import', './tools/typescript.mjs', `apps/${app}/src/${entry}`], environment);

function startNode(args: readonly string[], environment: Readonly<Record<string, string>>): AppProcess {
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

export interface Platform {
  readonly url: string;
  readonly dataDir: string;
  readonly process: AppProcess;
  readonly adminEmail: string;
  readonly adminPassword: string;
  /** A person's machine: its own home and configuration. */
  person(name: string): Machine;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export interface Machine {
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs the real `astroctl`. */
  astroctl(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Runs the real `astroctl` with these words, where it must succeed. @returns what it printed */
  run(words: string, input?: string): Promise<string>;
  kubectl(args: readonly string[], options?: RunOptions): Promise<Finished>;
  login(email: string, password: string): Promise<Finished>;
}

export interface PlatformOptions {
  /** Kept when given; else a new folder that `stop` removes. */
  readonly dataDir?: string;
  /** A free one when left out. */
  readonly port?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** False: work waits for workers that are processes of their own. */
  readonly worker?: boolean;
  /** File that `npm run build` makes; from source when left out. */
  readonly program?: string;
}

/** Starts the whole platform in one process, on a port and in a folder of its own, and waits until it is ready. */
export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'astro-platform-'));
  const environment = { PORT: String(options.port ?? 0), ASTRO_DATA_DIR: dataDir, ...options.environment };
  const app =
    options.program === undefined
      ? startApp('platform', environment, options.worker === false ? 'testing/without-worker.ts' : 'main.ts')
      : startNode([options.program], environment);
  const url = await eventually(() => {
    const found = /ready at (http:\/\/\S+)/.exec(app.output())?.[1];
    if (!found) throw new Error(`the platform is not ready; it said:\n${app.output()}`);
    return found;
  }).catch(async (error: unknown) => {
    await app.kill();
    throw error;
  });
  const folders: string[] = options.dataDir === undefined ? [dataDir] : [];
  const cleanUp = () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
  return {
    url,
    dataDir,
    process: app,
    adminEmail: ADMIN,
    get adminPassword() {
      return readFileSync(join(dataDir, 'initial-admin-password'), 'utf8').trim();
    },
    person(name) {
      const home = mkdtempSync(join(tmpdir(), `astro-home-${name}-`));
      folders.push(home);
      return machine(home, url);
    },
    async stop() {
      await app.stop();
      cleanUp();
    },
    async kill() {
      await app.kill();
      cleanUp();
    },
  };
}

/** Starts a platform whose process is gone again, on the same folder and port. People and what they stored stay as they are. */
export async function startAgain(
  { dataDir, url, stop, kill }: Platform,
  options: Pick<PlatformOptions, 'worker' | 'environment'> = {},
): Promise<Platform> {
  const again = await startPlatform({ ...options, dataDir, port: Number(new URL(url).port) });
  const after = (cleanUp: () => Promise<void>, end: () => Promise<unknown>) => () => end().then(cleanUp);
  return { ...again, stop: after(stop, () => again.process.stop()), kill: after(kill, () => again.process.kill()) };
}

/** A home folder, and the programs a person runs in it. @param more variables of these programs */
export function machine(home: string, url: string, more: Readonly<Record<string, string>> = {}): Machine {
  const environment = {
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    KUBECONFIG: join(home, '.kube', 'config'),
    ASTROPULSE_API_URL: url,
    ASTROPULSE_API_KEY: '',
    NO_COLOR: '1',
    ...more,
  };
  const run =
    (program: string) =>
    (args: readonly string[], options: RunOptions = {}) =>
      runProgram(join(root, 'node_modules', '.bin', program), args, {
        ...options,
        environment: { ...environment, ...options.environment },
      });
  const astroctl = run('astroctl');
  return {
    home,
    environment,
    astroctl,
    async run(words, input) {
      const done = await astroctl(words.split(' '), input === undefined ? {} : { input });
      if (done.code !== 0) throw new Error(`astroctl ${words} ended with ${done.code}: ${done.stderr}`);
      return done.stdout;
    },
    kubectl: run('kubectl'),
    login: (email, password) =>
      astroctl(['auth', 'login', '--username', email, '--password-stdin'], { input: `${password}\n` }),
  };
}
