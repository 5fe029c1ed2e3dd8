// node --import ./tools/typescript.mjs tools/bench/serving.ts WHAT [URL | FOLDER | ADDRESS | RESPONSE]: server process of the bus,
// edge and sandbox benchmarks. Prints a line when it is ready and ends when its input ends.
import { Authenticator, mountEdge } from '#http';
import { createBus, type BusTransport } from '#bus';
import { inProcessTransport } from '#bus/in-process';
import { natsTransport } from '#bus/nats';
import { serveRaw } from './bus.raw.ts';
import { access, applicationRequest, KEYS, startEdge, startService } from './edge.parts.ts';
import { startRawHttp } from './edge.raw.ts';
import type { Address } from './sandbox.client.ts';
import { serveApplier, serveSandboxes } from './sandbox.parts.ts';
import { surroundings } from './surroundings.ts';

const [what, url = ''] = process.argv.slice(2);
const { clock, ids, log: logger } = surroundings;

/** Serves the routes over a transport. @returns the port */
async function serveEdge(transport: BusTransport, start: typeof startEdge): Promise<number> {
  const app = await start(transport, (edge) =>
    mountEdge(edge, {
      contracts: [applicationRequest],
      bus: createBus({ transport, service: 'gateway', keys: KEYS, clock, ids, logger, actsForPersons: true }),
      authenticator: new Authenticator({ access, clock }),
      access,
      clock,
      ids,
      logger,
      about: { title: 'bench', version: '0' },
      cursorKey: new Uint8Array(32).fill(7),
      readiness: () => Promise.resolve({ ready: true, contracts: [], dependencies: [] }),
      requestsPerMinute: () => 100_000_000,
    }),
  );
  await app.listen(0, '127.0.0.1');
  return (app.getHttpServer().address() as { readonly port: number }).port;
}

async function serve(): Promise<number> {
  switch (what) {
    case 'raw-bus':
      await serveRaw(url.replace('nats://', ''));
      return 0;
    case 'bus':
      await startService(await natsTransport({ url, clock, ids }));
      return 0;
    case 'raw-http':
      return startRawHttp(url);
    case 'sandboxes':
      return serveSandboxes(url);
    case 'sandbox-applier':
      return serveApplier(JSON.parse(url) as Address); // written by the benchmark
    case 'http':
      return serveEdge(inProcessTransport(), startService);
    case 'http-nats':
      return serveEdge(await natsTransport({ url, clock, ids }), startEdge);
    default:
      throw new Error(`nothing called ${what}`);
  }
}

console.log(await serve());
process.stdin.on('end', () => process.exit(0)).resume();
