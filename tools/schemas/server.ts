import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { parse } from 'yaml';

/** Response of a server. */
export interface RecordedResponse {
  readonly status: number;
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- JSON of a server we only record
}

/** Returns a client of the server of a kubeconfig with a token, with a few persistent connections. */
export function openServer(kubeconfig: string) {
  const config = parse(readFileSync(kubeconfig, 'utf8'));
  const { server, 'certificate-authority-data': ca } = config.clusters[0].cluster;
  const token: string = config.users[0].user.token;
  const agent = new Agent({ keepAlive: true, maxSockets: 8, ca: Buffer.from(ca, 'base64') });

  function ask(
    method: string,
    path: string,
    options: { accept?: string; body?: unknown; type?: string } = {},
  ): Promise<RecordedResponse> {
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    return new Promise((resolve, reject) => {
      const call = request(
        `${server}${path}`,
        {
          method,
          agent,
          headers: {
            authorization: `Bearer ${token}`,
            accept: options.accept ?? 'application/json',
            ...(body === undefined
              ? {}
              : { 'content-type': options.type ?? 'application/json', 'content-length': Buffer.byteLength(body) }),
          },
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(parts).toString('utf8');
            let parsed: unknown = text;
            try {
              parsed = JSON.parse(text);
            } catch {
              // some responses are plain text, and are returned as such
            }
            resolve({ status: response.statusCode ?? 0, body: parsed });
          });
        },
      );
      call.on('error', reject);
      call.end(body);
    });
  }

  return {
    ask,
    get: async (path: string, accept?: string) => (await ask('GET', path, accept === undefined ? {} : { accept })).body,
    close: () => agent.destroy(),
  };
}

export type Server = ReturnType<typeof openServer>;
