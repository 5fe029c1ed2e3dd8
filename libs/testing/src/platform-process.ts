import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { runProgram, startApp, startNode, type AppProcess, type Finished, type RunOptions } from './app-process.ts';
import { eventually } from './eventually.ts';
import { asOneProcess, startServices } from './platform-services.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const ADMIN = 'admin@astro.localhost';

/** A running platform. */
export interface Platform {
  /** Options with which it was started. */
  readonly options: PlatformOptions;
  readonly url: string;
  /** Address of a process that serves the API: that of a gateway instead of the ingress. */
  readonly apiUrl: string;
  /** Addresses of all processes that serve the API. */
  readonly apiUrls: readonly string[];
  readonly dataDir: string;
  readonly process: AppProcess;
  readonly adminEmail: string;
  readonly adminPassword: string;
  /** Returns a user's machine, with its own home folder and configuration. */
  person(name: string): Machine;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** Milliseconds until a start is given up: on a busy machine, compiling the sources alone takes long. */
const START_MS = 180_000;

/** A user's machine. */
export interface Machine {
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs the real `astroctl`. */
  astroctl(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Runs the real `astroctl`, which must succeed. @returns its standard output */
  run(words: string, input?: string): Promise<string>;
  kubectl(args: readonly string[], options?: RunOptions): Promise<Finished>;
  login(email: string, password: string): Promise<Finished>;
}

/** Options of a platform. */
export interface PlatformOptions {
  /** Kept if given. Defaults to a new folder that `stop` removes. */
  readonly dataDir?: string;
  /** Defaults to a free port. */
  readonly port?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether the process has a worker. If false, work waits for separate worker processes. */
  readonly worker?: boolean;
  /** File below `apps/platform/src`; defaults to `main.ts`. */
  readonly entry?: string;
  /** Folder with the bundles of `npm run build`. Defaults to the sources. */
  readonly bundles?: string;
  /** Whether each service runs in its own process; see `startServices`. */
  readonly apart?: boolean;
  /** Number of gateways, if each service runs in its own process. Default: 1. */
  readonly gateways?: number;
}

/** Starts the platform on its own port and folder, and waits until it is ready. */
export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'astro-platform-'));
  const { app, url, apiUrls = [url] } = await (options.apart === true ? startApart : startWhole)(options, dataDir);
  const folders: string[] = options.dataDir === undefined ? [dataDir] : [];
  const cleanUp = () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
  return {
    options,
    url,
    apiUrl: apiUrls[0] ?? url,
    apiUrls,
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

interface Started {
  readonly app: AppProcess;
  readonly url: string;
  readonly apiUrls?: readonly string[];
}

async function startWhole(options: PlatformOptions, dataDir: string): Promise<Started> {
  const environment = { PORT: String(options.port ?? 0), ASTRO_DATA_DIR: dataDir, ...options.environment };
  const app =
    options.bundles === undefined
      ? startApp(
          'platform',
          environment,
          options.entry ?? (options.worker === false ? 'testing/without-worker.ts' : 'main.ts'),
        )
      : startNode(['--max-semi-space-size=16', join(options.bundles, 'apps', 'platform', 'main.mjs')], environment); // as the image does
  const url = await eventually(() => {
    const found = /ready at (http:\/\/\S+)/.exec(app.output())?.[1];
    if (!found) throw new Error(`the platform is not ready; it said:\n${app.output()}`);
    return found;
  }, START_MS).catch(async (error: unknown) => {
    await app.kill();
    throw error;
  });
  return { app, url };
}

const readiness = z.looseObject({ dependencies: z.array(z.looseObject({ name: z.string(), ok: z.boolean() })) });

async function startApart(
  { port = 0, environment = {}, bundles, gateways = 1 }: PlatformOptions,
  dataDir: string,
): Promise<Started> {
  const replicas = { gateway: gateways };
  const services = await startServices({
    dataDir,
    port,
    environment,
    replicas,
    ...(bundles !== undefined && { bundles }),
  });
  const apiUrls = Array.from({ length: gateways }, (_, index) =>
    services.urlOf(index === 0 ? 'gateway' : `gateway-${index + 1}`),
  );
  // A gateway that requested the keys of the issuer before the issuer was ready tries again after some seconds.
  await eventually(async () => {
    for (const apiUrl of apiUrls) {
      const state = readiness.parse(await (await fetch(`${apiUrl}/readyz`)).json());
      const missing = state.dependencies.filter(({ ok }) => !ok);
      if (missing.length > 0) throw new Error(`a gateway lacks ${missing.map(({ name }) => name).join(', ')}`);
    }
  }).catch(async (error: unknown) => {
    await services.kill();
    throw error;
  });
  return { app: asOneProcess(services), url: services.url, apiUrls };
}

/**
 * Starts a platform again whose process has ended, on the same folder and port, with the same variables unless others
 * are given. Users and their data are kept.
 */
export async function startAgain(
  { options: { apart = false, environment = {}, entry }, dataDir, url, stop, kill }: Platform,
  options: Pick<PlatformOptions, 'worker' | 'environment'> = {},
): Promise<Platform> {
  const kept = { environment, ...(entry !== undefined && { entry }) };
  const again = await startPlatform({ ...kept, ...options, apart, dataDir, port: Number(new URL(url).port) });
  const after = (cleanUp: () => Promise<void>, end: () => Promise<unknown>) => () => end().then(cleanUp);
  return { ...again, stop: after(stop, () => again.process.stop()), kill: after(kill, () => again.process.kill()) };
}

/**
 * Returns a home folder, and the programs that a user runs in it.
 * @param more environment variables of these programs
 */
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
