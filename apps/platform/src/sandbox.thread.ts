import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { openSandbox, type Sandbox } from '#sandbox-cluster';
import { systemClock, systemIds } from '#runtime/system';
import { HOST } from './host.ts';
import { placeOf, refuseStranger } from './sandbox-paths.ts';
import type { OpenedSandbox, Order, Report, ThreadData } from './sandbox-threads.ts';

// A thread that sandbox clusters live in: opens and closes them as it is told, and answers what is asked of them.
const { folder } = workerData as ThreadData;
const report = (what: Report): void => parentPort?.postMessage(what);
const said = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) => report({ level, fields, message });
const log = { debug: said('debug'), info: said('info'), warn: said('warn'), error: said('error') };
const sandboxes = new Map<string, Sandbox>();

const server = createServer((request, response) => {
  const { organizationId, path, prefix } = placeOf(request.url) ?? {};
  const sandbox = sandboxes.get(organizationId ?? '');
  if (!sandbox || path === undefined || prefix === undefined) return refuseStranger(response);
  void sandbox.handle(request, response, path, prefix);
});
// How long a request may take, and a connection stay, is decided where people's connections end.
server.keepAliveTimeout = 0;
server.requestTimeout = 0;
await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
const { port } = server.address() as AddressInfo; // a TCP server's address has this form

async function follow({ verb, organizationId }: Order): Promise<OpenedSandbox | undefined> {
  const known = sandboxes.get(organizationId);
  if (verb === 'close') {
    sandboxes.delete(organizationId);
    return known?.close().then(() => undefined);
  }
  const sandbox = known ?? openSandbox({ folder: join(folder, organizationId), clock: systemClock, ids: systemIds, log });
  sandboxes.set(organizationId, sandbox);
  return { port, token: sandbox.token, uid: sandbox.uid };
}

parentPort?.on('message', (order: Order) => {
  const { number } = order;
  follow(order).then(
    (value) => report({ number, value }),
    (error: unknown) => report({ number, failure: error instanceof Error ? error.message : String(error) }),
  );
});
