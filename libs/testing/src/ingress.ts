import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Reverse proxy in front of the processes that serve HTTP. */
export interface Ingress {
  readonly url: string;
  close(): Promise<void>;
}

/** Bytes of a request's body that are kept to send the request to another process. */
const KEPT_BYTES = 1024 * 1024;

/** Methods whose requests may be sent again (RFC 9110, section 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/**
 * Routes by path and sets forwarding headers, as an ingress controller does. The processes of a path take turns. If a
 * connection is refused, or was closed while it was idle, the request was not received and is sent to the next process.
 * An idempotent request is also sent to the next process if its connection ends before the response: a server that stops
 * closes connections that it has accepted and not read yet (nginx, `proxy_next_upstream error`).
 */
export async function openIngress(port: number, targetsOf: (path: string) => readonly string[]): Promise<Ingress> {
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    const targets = targetsOf(incoming.url ?? '/');
    turn += 1;
    const order = targets.map((_, index) => targets[(index + turn) % targets.length] ?? '');
    pass(incoming, outgoing, order);
  });
  server.keepAliveTimeout = 0; // clients close idle connections; a busy machine might close one that a client has just used
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

function pass(incoming: IncomingMessage, outgoing: ServerResponse, targets: readonly string[]): void {
  const { host, ...headers } = incoming.headers;
  const address = incoming.socket.remoteAddress ?? '';
  const forwarded = {
    ...headers,
    host,
    'x-forwarded-for': [headers['x-forwarded-for'], address].filter(Boolean).join(', '),
    'x-forwarded-proto': 'http',
  };
  const body: Buffer[] = [];
  let bytes = 0;
  let isWhole = false;
  incoming.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes <= KEPT_BYTES) body.push(part);
  });
  incoming.on('end', () => (isWhole = true));

  const attempt = (left: readonly string[], isAgain: boolean): void => {
    const [target, ...others] = left;
    if (target === undefined) return void outgoing.writeHead(502).end();
    const asked = request(new URL(incoming.url ?? '/', target), { method: incoming.method, headers: forwarded });
    asked.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      answer.on('error', () => outgoing.destroy());
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      if (outgoing.headersSent) return void outgoing.destroy();
      const isClosed = error.code === 'ECONNRESET' || error.code === 'EPIPE';
      const isSafe = IDEMPOTENT.has(incoming.method ?? '') || error.code === 'ECONNREFUSED';
      const next = isClosed && asked.reusedSocket ? left : isSafe ? others : [];
      if (next.length > 0 && bytes <= KEPT_BYTES && !outgoing.destroyed) return attempt(next, true);
      outgoing.writeHead(502).end();
    });
    outgoing.on('close', () => asked.destroy());
    if (!isAgain) return void incoming.pipe(asked);
    for (const part of body) asked.write(part);
    if (isWhole) return void asked.end();
    incoming.pipe(asked);
  };
  attempt(targets, false);
}
