import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '#kernel';
import { systemClock } from '#runtime/system';
import { startSandboxes } from '#sandbox-cluster/service';
import { runProgram, type Finished } from '#testing';

const bin = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.bin');

/** Response of a server. A body that is not JSON is a string. */
export interface SandboxAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** Options of a request. */
export interface AskOptions {
  /** Defaults to the token of the organization. If null, no header is sent. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * A string or bytes are sent unchanged, other values as JSON. A list of parts is sent in chunks, without a length.
   */
  readonly body?: unknown;
}

/** Sends requests to the sandbox of one organization. */
export interface SandboxClient {
  readonly token: string;
  /** Path of the API's root on the server. */
  readonly prefix: string;
  /**
   * @param asked method and path, such as `GET /api/v1/pods`. A path that begins with `/sandbox/` is relative to the
   *   server's root
   */
  ask(asked: string, options?: AskOptions): Promise<SandboxAnswer>;
  /** Returns a response whose body has not been read. */
  open(asked: string, options?: AskOptions): Promise<IncomingMessage>;
}

/** The sandbox of one organization, and programs of a user. */
export interface SandboxUser extends SandboxClient {
  readonly kubeconfig: string;
  /** Runs kubectl. `onOutput` is called with each part of its standard output. */
  kubectl(args: string, input?: string, onOutput?: (part: string) => void): Promise<Finished>;
  /** Returns the standard output of kubectl, which must succeed. */
  outputOf(args: string, input?: string): Promise<string>;
  helm(args: string): Promise<Finished>;
}

/** Running sandboxes. */
export interface ServedSandboxes {
  readonly folder: string;
  of(organizationId: string): Promise<SandboxUser>;
  stop(): Promise<void>;
}

/**
 * Serves sandboxes as the platform does, on their own port and folder.
 * @param options.program of their threads; defaults to that of the platform
 */
export async function serveSandboxes(options: { readonly program?: string } = {}): Promise<ServedSandboxes> {
  const folder = mkdtempSync(join(tmpdir(), 'astro-sandbox-'));
  const served = await startSandboxes({
    ...options,
    folder,
    host: '127.0.0.1',
    preferredPort: 0,
    clock: systemClock,
    log: silentLogger,
  });
  return {
    folder,
    async of(organizationId) {
      const { server, token, certificateAuthority } = await served.connectionOf(organizationId);
      const kubeconfig = join(folder, `${organizationId}.yaml`);
      writeFileSync(
        kubeconfig,
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Config',
          'current-context': 'sandbox',
          contexts: [{ name: 'sandbox', context: { cluster: 'sandbox', user: 'owner' } }],
          clusters: [
            {
              name: 'sandbox',
              cluster: { server, 'certificate-authority-data': Buffer.from(certificateAuthority).toString('base64') },
            },
          ],
          users: [{ name: 'owner', user: { token } }],
        }),
      );
      const environment = {
        HOME: join(folder, 'home'),
        XDG_CACHE_HOME: join(folder, 'cache'),
        KUBECONFIG: kubeconfig,
        NO_COLOR: '1',
      };
      const run =
        (program: string) =>
        (args: string, input = '', onOutput: (part: string) => void = () => {}) =>
          runProgram(join(bin, program), words(args), { environment, input, withinMs: 60_000, onOutput });
      const kubectl = run('kubectl');
      return {
        ...clientOf({ server, token, certificateAuthority }),
        kubeconfig,
        kubectl,
        async outputOf(args, input) {
          const done = await kubectl(args, input);
          if (done.code !== 0)
            throw new Error(`kubectl ${args} ended with ${done.code}:\n${done.stdout}${done.stderr}`);
          return done.stdout;
        },
        helm: run('helm'),
      };
    },
    async stop() {
      await served.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @param server address of the API's root */
export function clientOf({
  server,
  token,
  certificateAuthority,
}: {
  readonly server: string;
  readonly token: string;
  readonly certificateAuthority: string;
}): SandboxClient {
  const { hostname, port, pathname: prefix } = new URL(server);
  const connection = { hostname, port, ca: certificateAuthority, agent: false } satisfies RequestOptions;
  const open = (asked: string, options: AskOptions = {}) => send(connection, prefix, { token, ...options }, asked);
  return {
    token,
    prefix,
    open,
    async ask(asked, options) {
      const response = await open(asked, options);
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part as Buffer); // no encoding is set
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: read(Buffer.concat(parts).toString('utf8')),
      };
    },
  };
}

/** Splits at spaces outside single quotes. */
const words = (args: string): string[] =>
  (args.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'(.*)'$/s, '$1'));

function send(
  connection: RequestOptions,
  prefix: string,
  options: AskOptions,
  asked: string,
): Promise<IncomingMessage> {
  const [method = 'GET', path = '/'] = asked.split(' ');
  const { token, body } = options;
  const parts = Array.isArray(body)
    ? (body as readonly unknown[])
    : body === undefined
      ? []
      : [typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)];
  const whole = Array.isArray(body)
    ? {}
    : { 'content-length': String(parts.reduce<number>((sum, part) => sum + Buffer.byteLength(part as string), 0)) };
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        ...connection,
        method,
        path: path.startsWith('/sandbox/') ? path : `${prefix}${path}`,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'tester/1',
          ...(token !== null && { authorization: `Bearer ${token ?? ''}` }),
          ...whole,
          ...options.headers,
        },
      },
      resolve,
    );
    asking.on('error', reject);
    for (const part of parts) asking.write(part);
    asking.end();
  });
}

function read(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Calls `hear` for each line of a watch. Resolves when the watch ends. */
export async function eachEvent(
  response: IncomingMessage,
  hear: (event: {
    type: string;
    object: { kind?: string; code?: number; metadata: { name: string; resourceVersion: string } };
  }) => void,
): Promise<void> {
  let text = '';
  response.setEncoding('utf8');
  for await (const part of response) {
    text += String(part);
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) hear(JSON.parse(line) as Parameters<typeof hear>[0]); // lines of the sandbox
  }
}
