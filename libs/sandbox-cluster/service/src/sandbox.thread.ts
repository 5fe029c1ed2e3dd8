import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock, systemIds } from '#runtime/system';
import { createSandboxes } from '#sandbox-cluster';
import { lowerPriority } from '#thread-pool';
import type { OpenedSandbox, Order, Report, ThreadData } from './sandbox-thread.service.ts';
import { slotOf } from './slots.service.ts';

// Serves the sandbox clusters of one slot over TLS, each below its own path. Opens a sandbox at its first request or on
// an order.
lowerPriority();
const { clusters, slot, host, preferredPort, certificate, key, mostNodes } = workerData as ThreadData;
const report = (what: Report): void => parentPort?.postMessage(what);
const said = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) =>
  report({ level, fields, message });
const log = { debug: said('debug'), info: said('info'), warn: said('warn'), error: said('error') };
const sandboxes = createSandboxes({
  folder: clusters,
  clock: systemClock,
  ids: systemIds,
  log,
  ...(mostNodes !== undefined && { mostNodes }),
});

/** Organizations known to have this slot. Two threads must not open the same files. */
const own = new Set<string>();
function isOwn(organizationId: string): boolean {
  if (!own.has(organizationId) && slotOf(clusters, organizationId) === slot) own.add(organizationId);
  return own.has(organizationId);
}

const status = (code: number, reason: string, message: string): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code });

const server = createServer({ cert: certificate, key }, (request, response) => {
  const [, organizationId = '', path = ''] = /^\/sandbox\/([^/?]*)(\/.*|\?.*|)$/.exec(request.url ?? '') ?? [];
  // An unknown path gets the same response as a wrong token, so that callers cannot find out which organizations exist.
  if (!isOwn(organizationId))
    return void response
      .writeHead(401, { 'content-type': 'application/json' })
      .end(status(401, 'Unauthorized', 'Unauthorized'));
  try {
    void sandboxes.of(organizationId).handle(request, response, path === '' ? '/' : path, `/sandbox/${organizationId}`);
  } catch (error) {
    log.error({ organizationId, err: String(error) }, 'a sandbox cannot be loaded');
    response
      .writeHead(500, { 'content-type': 'application/json' })
      .end(status(500, 'InternalError', 'the sandbox cannot be loaded; see the platform log'));
  }
});
server.keepAliveTimeout = 90_000;
server.once('error', () => server.listen(0, host)); // the preferred port is taken
// A TCP server has an address of this form.
server.on('listening', () => report({ port: (server.address() as AddressInfo).port }));
server.listen(preferredPort, host);

async function follow({ open }: Order): Promise<OpenedSandbox | undefined> {
  if (open === undefined) return sandboxes.close().then(() => undefined);
  if (!isOwn(open)) throw new Error('the sandbox belongs to another slot');
  const { token, uid } = sandboxes.of(open);
  return { token, uid };
}

parentPort?.on('message', (order: Order) => {
  const { number } = order;
  follow(order).then(
    (value) => report({ number, ...(value && { value }) }),
    (error: unknown) => report({ number, failure: error instanceof Error ? error.message : String(error) }),
  );
});
