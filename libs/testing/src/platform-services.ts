import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startApp, type AppProcess } from './app-process.ts';
import { eventually } from './eventually.ts';
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

/** Services without stores. They get a separate data folder, and none of the variables of stores. */
const STORELESS: readonly ServiceName[] = ['deploy-worker'];
const OF_STORES = ['ASTRO_EVENT_STORE', 'ASTRO_READ_STORE', 'ASTRO_VAULT', 'ASTRO_SEALING_KEYS'];

/** The platform as separate processes behind an ingress. */
export interface RunningServices {
  /** Address of the ingress. */
  readonly url: string;
  /** Processes by service. Replaced when a service is started again. */
  readonly processes: ReadonlyMap<ServiceName, AppProcess>;
  /** NATS server that was started for them, with a user for each. Undefined if the environment selects another. */
  readonly nats: NatsServer | undefined;
  /** Returns the variables of a service. */
  environmentOf(service: ServiceName): Readonly<Record<string, string>>;
  /** Returns the address at which a process serves its health and, if any, its routes. */
  urlOf(service: ServiceName): string;
  /** Starts a service, for the first time or again, and waits until it is ready. */
  start(service: ServiceName): Promise<AppProcess>;
  /** Sends SIGTERM to each process, one after the other, and waits. */
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
  const processes = new Map<ServiceName, AppProcess>();
  const urls = new Map<ServiceName, string>();
  const ingress = await openIngress(options.port, (path) =>
    urls.get(/^\/oidc(\/|$)/.test(path) ? 'identity' : 'gateway'),
  );
  const { nats, environmentOf } = await surround(options, ingress.url).catch(async (error: unknown) => {
    await ingress.close();
    throw error;
  });
  const start = async (service: ServiceName): Promise<AppProcess> => {
    const app = startApp(service, environmentOf(service));
    processes.set(service, app);
    const url = await eventually(() => {
      const found = new RegExp(`: ${service} is ready at (http://\\S+)`).exec(app.output())?.[1];
      if (found === undefined) throw new Error(`${service} is not ready; it said:\n${app.output()}`);
      return found;
    });
    urls.set(service, url);
    return app;
  };
  const kill = async () => {
    await Promise.all([...processes.values()].map((app) => app.kill()));
    await ingress.close();
    await nats?.kill();
  };
  try {
    await Promise.all(SERVICES.map(start));
  } catch (error) {
    await kill();
    throw error;
  }
  return {
    url: ingress.url,
    processes,
    nats,
    environmentOf,
    urlOf: (service) => urls.get(service) ?? '',
    start,
    kill,
    async stop() {
      for (const service of SERVICES) await processes.get(service)?.stop();
      await ingress.close();
      await nats?.kill();
    },
  };
}

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

export interface Ingress {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts an ingress that routes by path and sets the `X-Forwarded-*` headers.
 * @param port 0 selects a free port
 * @param routeOf returns the address for a path; undefined for status 502
 */
export async function openIngress(port: number, routeOf: (path: string) => string | undefined): Promise<Ingress> {
  const server = createServer((incoming, outgoing) => {
    const target = routeOf(incoming.url ?? '/');
    if (target === undefined) return void outgoing.writeHead(502).end();
    const { host, ...headers } = incoming.headers;
    const address = incoming.socket.remoteAddress ?? '';
    const forwarded = {
      ...headers,
      host,
      'x-forwarded-for': [headers['x-forwarded-for'], address].filter(Boolean).join(', '),
      'x-forwarded-proto': 'http',
    };
    const asked = request(new URL(incoming.url ?? '/', target), { method: incoming.method, headers: forwarded });
    asked.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      answer.on('error', () => outgoing.destroy());
    });
    asked.on('error', () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end()));
    outgoing.on('close', () => asked.destroy());
    incoming.pipe(asked);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: own } = server.address() as AddressInfo; // the address of a TCP server
  return {
    url: `http://127.0.0.1:${own}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
