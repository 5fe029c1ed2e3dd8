import { join } from 'node:path';
import { startApp, startNode, type AppProcess } from './app-process.ts';
import { eventually } from './eventually.ts';
import { openIngress } from './ingress.ts';
import { natsServerProgram, startNatsServer, type NatsServer } from './nats-server.ts';
import { makeServiceAccess, type ServiceAccess } from './service-access.ts';

/**
 * Processes of the distributed profile in the order in which they are stopped: callers before the services that they
 * call.
 */
export const SERVICES = [
  'gateway',
  'deploy-worker',
  'deployments',
  'sandbox-cluster',
  'access-keys',
  'organizations',
  'billing',
  'identity',
  'audit',
] as const;
export type ServiceName = (typeof SERVICES)[number];
/** Name of a process: the first of a service has the name of the service, the second is, for example, `gateway-2`. */
export type InstanceName = ServiceName | `${ServiceName}-${number}`;

/** Services without stores. They get a separate data folder, and none of the variables of stores. */
const STORELESS: readonly ServiceName[] = ['deploy-worker'];
const OF_STORES = ['ASTRO_EVENT_STORE', 'ASTRO_READ_STORE', 'ASTRO_VAULT', 'ASTRO_SEALING_KEYS'];

/** The platform as separate processes behind an ingress. */
export interface RunningServices {
  /** Address of the ingress. */
  readonly url: string;
  /** Processes by name. Replaced when a process is started again. */
  readonly processes: ReadonlyMap<InstanceName, AppProcess>;
  /** NATS server that was started for them, with a user for each. Undefined if the environment selects another. */
  readonly nats: NatsServer | undefined;
  /** Returns the variables of a service. */
  environmentOf(service: ServiceName): Readonly<Record<string, string>>;
  /** Returns the address at which a process serves its health and, if any, its routes. */
  urlOf(instance: InstanceName): string;
  /** Starts a process, for the first time or again, and waits until it is ready. */
  start(instance: InstanceName): Promise<AppProcess>;
  /** Sends SIGTERM to the processes of each service, one service after the other, and waits. */
  stop(): Promise<void>;
  /** Sends SIGKILL to all processes. */
  kill(): Promise<void>;
}

/** Options of the services. */
export interface ServicesOptions {
  readonly dataDir: string;
  /** Port of the ingress; 0 selects a free one. */
  readonly port: number;
  /**
   * Variables of all services. Without ASTRO_BUS, starts a nats-server with a limited user for each service, or uses
   * ASTRO_TEST_NATS_URL if nats-server is not built. ASTRO_CALLER_KEYS are the master keys.
   */
  readonly environment: Readonly<Record<string, string>>;
  /** Number of processes by service. Default: 1. */
  readonly replicas?: { readonly [S in ServiceName]?: number };
  /** Folder with the bundles of `npm run build`. Defaults to the sources. */
  readonly bundles?: string;
}

function serviceOf(instance: InstanceName): ServiceName {
  const service = SERVICES.find((name) => instance === name || instance.replace(/-\d+$/, '') === name);
  if (!service) throw new Error(`${instance} is not a service`);
  return service;
}

interface Surroundings {
  readonly nats: NatsServer | undefined;
  environmentOf(service: ServiceName): Readonly<Record<string, string>>;
}

/** Creates the keys and users, and starts the NATS server. */
async function surround({ dataDir, environment }: ServicesOptions, publicUrl: string): Promise<Surroundings> {
  const access: ServiceAccess = await makeServiceAccess(join(dataDir, 'access'), environment['ASTRO_CALLER_KEYS']);
  const isOwn = environment['ASTRO_BUS'] === undefined && natsServerProgram() !== undefined;
  const folder = join(dataDir, 'nats');
  const nats = isOwn ? await startNatsServer({ folder, config: access.natsConfig }) : undefined;
  const url = nats?.url ?? process.env['ASTRO_TEST_NATS_URL'] ?? '';
  return {
    nats,
    environmentOf(service) {
      const isStoreless = STORELESS.includes(service);
      const given = Object.entries({ ASTRO_BUS: url, ASTRO_QUEUE: url, ...environment });
      return {
        ...Object.fromEntries(given.filter(([name]) => !(isStoreless && OF_STORES.includes(name)))),
        ...access.environmentOf(service, { natsUser: isOwn }),
        ASTRO_DATA_DIR: isStoreless ? join(dataDir, service) : dataDir,
        ASTRO_PUBLIC_URL: publicUrl,
        ASTRO_TRUSTED_PROXIES: '127.0.0.1/32',
        PORT: '0',
      };
    },
  };
}

/**
 * Starts each service as a separate process with its own keys and NATS user, and an ingress in front of them. Waits until
 * all are ready.
 */
export async function startServices(options: ServicesOptions): Promise<RunningServices> {
  const { replicas = {}, bundles } = options;
  const processes = new Map<InstanceName, AppProcess>();
  const urls = new Map<InstanceName, string>();
  const ingress = await openIngress(options.port, (path) => {
    const service = /^\/oidc(\/|$)/.test(path) ? 'identity' : 'gateway';
    return [...urls].filter(([instance]) => serviceOf(instance) === service).map(([, url]) => url);
  });
  const { nats, environmentOf } = await surround(options, ingress.url).catch(async (error: unknown) => {
    await ingress.close();
    throw error;
  });
  const start = async (instance: InstanceName): Promise<AppProcess> => {
    const service = serviceOf(instance);
    urls.delete(instance);
    const app =
      bundles === undefined
        ? startApp(service, environmentOf(service))
        : startNode([join(bundles, 'apps', service, 'main.mjs')], environmentOf(service));
    processes.set(instance, app);
    const url = await eventually(() => {
      const found = new RegExp(`: ${service} is ready at (http://\\S+)`).exec(app.output())?.[1];
      if (found === undefined) throw new Error(`${instance} is not ready; it said:\n${app.output()}`);
      return found;
    }, START_MS);
    urls.set(instance, url);
    return app;
  };
  const kill = async () => {
    await Promise.all([...processes.values()].map((app) => app.kill()));
    await ingress.close();
    await nats?.kill();
  };
  try {
    for (let number = 1; number <= Math.max(1, ...Object.values(replicas)); number++) {
      const due = SERVICES.filter((service) => number <= (replicas[service] ?? 1));
      await Promise.all(due.map((service) => start(number === 1 ? service : `${service}-${number}`)));
    }
  } catch (error) {
    await kill();
    throw error;
  }
  return {
    url: ingress.url,
    processes,
    nats,
    environmentOf,
    urlOf: (instance) => urls.get(instance) ?? '',
    start,
    kill,
    async stop() {
      for (const service of SERVICES)
        await Promise.all(
          [...processes].map(([instance, app]) => (serviceOf(instance) === service ? app.stop() : undefined)),
        );
      await ingress.close();
      await nats?.kill();
    },
  };
}

/** Milliseconds for the start of all processes at once on a busy machine. */
const START_MS = 180_000;

/** Combines several processes into one, for callers that only start and end it. */
export function asOneProcess({ processes, stop, kill }: RunningServices): AppProcess {
  const all = () => [...processes.values()];
  const [first] = all();
  if (!first) throw new Error('nothing was started');
  return {
    pid: first.pid,
    output: () =>
      all()
        .map((app) => app.output())
        .join(''),
    exited: Promise.all(all().map((app) => app.exited)).then(([code = null]) => code),
    signal: (name) => all().forEach((app) => app.signal(name)),
    async stop() {
      await stop();
      return first.exited;
    },
    kill,
  };
}
