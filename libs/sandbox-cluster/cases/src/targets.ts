import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { silentLogger } from '#kernel';
import { openSandbox, type Sandbox } from '#sandbox-cluster';
import { manualClock, sequenceIds, type ManualClock } from '#testing';
import { parse } from 'yaml';
import type { ApiAnswer, ApiTarget } from './run-case.ts';

const TICK_MS = 1_000;
const REAL_TICK_MS = 100;
/** Milliseconds; enough for a request over loopback to arrive. */
const HEARD_MS = 20;

export interface SandboxTarget extends ApiTarget {
  readonly sandbox: Sandbox;
  readonly clock: ManualClock;
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a sandbox over HTTP on its own port. Its time advances only while a case waits. */
export async function sandboxTarget(folder: string): Promise<SandboxTarget> {
  const clock = manualClock(Date.now());
  const sandbox = openSandbox({
    folder,
    clock,
    ids: sequenceIds(),
    log: {
      ...silentLogger,
      error: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
    },
  });
  const server = createServer((request, response) => void sandbox.handle(request, response, request.url ?? '/', ''));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    sandbox,
    clock,
    url,
    ask: (call) =>
      send(
        (onAnswer) =>
          httpRequest(`${url}${call.path}`, { method: call.method, headers: headersOf(call, sandbox.token) }, onAnswer),
        call.body,
      ),
    async tick() {
      clock.advance(TICK_MS);
      for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    },
    settle: () => new Promise((resolve) => setTimeout(resolve, HEARD_MS)),
    async close() {
      await sandbox.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Connects to the server of a kubeconfig that authenticates with a token. */
export function serverTarget(kubeconfig: string): ApiTarget & { close(): void } {
  const config = parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
    users: [{ user: { token: string } }];
  };
  const { server, 'certificate-authority-data': ca } = config.clusters[0].cluster;
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(ca, 'base64') });
  const { token } = config.users[0].user;
  return {
    ask: (call) =>
      send(
        (onAnswer) =>
          httpsRequest(
            `${server}${call.path}`,
            { agent, method: call.method, headers: headersOf(call, token) },
            onAnswer,
          ),
        call.body,
      ),
    tick: () => new Promise((resolve) => setTimeout(resolve, REAL_TICK_MS)),
    settle: () => Promise.resolve(),
    close: () => agent.destroy(),
  };
}

const headersOf = (
  { headers, body }: { readonly headers: { readonly [name: string]: string }; readonly body?: string | Buffer },
  token: string,
): { [name: string]: string } => ({
  authorization: `Bearer ${token}`,
  'user-agent': 'case/1',
  ...headers,
  ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
});

function send(
  make: (onAnswer: (answer: import('node:http').IncomingMessage) => void) => import('node:http').ClientRequest,
  body: string | Buffer | undefined,
): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const call = make((answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.once('error', reject);
      answer.once('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          warnings: [answer.headers['warning'] ?? []].flat().flatMap((text) => text.split(/, (?=299 )/)),
          text: Buffer.concat(parts).toString('utf8'),
        }),
      );
    });
    call.once('error', reject);
    call.end(body);
  });
}
