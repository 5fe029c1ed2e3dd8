import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram, startApp, startNode, type AppProcess, type Finished, type RunOptions } from './app-process.ts';
import { eventually } from './eventually.ts';
import { asOneProcess, startServices } from './platform-services.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const ADMIN = 'admin@astro.localhost';

export interface Platform {
  /** As they were when it was started. */
  readonly options: PlatformOptions;
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
  /** True: each service is a process of its own. `environment` then names servers of bus and queue. */
  readonly apart?: boolean;
}

/** Starts the whole platform on a port and in a folder of its own, and waits until it is ready. */
export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'astro-platform-'));
  const { app, url } = await (options.apart === true ? startApart : startWhole)(options, dataDir);
  const folders: string[] = options.dataDir === undefined ? [dataDir] : [];
  const cleanUp = () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
  return {
    options,
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

async function startWhole(options: PlatformOptions, dataDir: string): Promise<{ app: AppProcess; url: string }> {
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
  return { app, url };
}

async function startApart(
  { port = 0, environment = {} }: PlatformOptions,
  dataDir: string,
): Promise<{ app: AppProcess; url: string }> {
  const services = await startServices({ dataDir, port, environment });
  return { app: asOneProcess(services), url: services.url };
}

/**
 * Starts a platform whose process is gone again, on the same folder and port, with the variables that it had unless others
 * are given. People and what they stored stay as they are.
 */
export async function startAgain(
  { options: { apart = false, environment = {} }, dataDir, url, stop, kill }: Platform,
  options: Pick<PlatformOptions, 'worker' | 'environment'> = {},
): Promise<Platform> {
  const again = await startPlatform({ environment, ...options, apart, dataDir, port: Number(new URL(url).port) });
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
