import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startApp, type AppProcess } from './app-process.ts';
import { eventually } from './eventually.ts';

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

/** The platform as separate processes behind an ingress. */
export interface RunningServices {
  /** Address of the ingress. */
  readonly url: string;
  /** Processes by service. Replaced when a service is started again. */
  readonly processes: ReadonlyMap<ServiceName, AppProcess>;
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
  /** Must name the servers of bus and queue. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts each service in its own process, and an ingress in front of them. Waits until all are ready. */
export async function startServices({ dataDir, port, environment }: ServicesOptions): Promise<RunningServices> {
  const processes = new Map<ServiceName, AppProcess>();
  const urls = new Map<ServiceName, string>();
  const ingress = await openIngress(port, (path) => urls.get(/^\/oidc(\/|$)/.test(path) ? 'identity' : 'gateway'));
  const start = async (service: ServiceName): Promise<AppProcess> => {
    const app = startApp(service, {
      ...environment,
      ASTRO_DATA_DIR: dataDir,
      ASTRO_PUBLIC_URL: ingress.url,
      ASTRO_TRUSTED_PROXIES: '127.0.0.1/32',
      PORT: '0',
    });
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
    urlOf: (service) => urls.get(service) ?? '',
    start,
    kill,
    async stop() {
      for (const service of SERVICES) await processes.get(service)?.stop();
      await ingress.close();
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

interface Ingress {
  readonly url: string;
  close(): Promise<void>;
}

/** Routes by path and sets forwarding headers, as an ingress controller does. */
async function openIngress(port: number, routeOf: (path: string) => string | undefined): Promise<Ingress> {
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
