import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestCertificate } from './test-authority.ts';

export interface ReceivedRequest {
  /** Path and query. */
  readonly path: string;
  /** Header Host. */
  readonly host: string;
  readonly authorization: string | undefined;
}

export interface FileServer {
  readonly port: number;
  /** Requests so far. */
  readonly requests: ReceivedRequest[];
  /** Contents by path, which may be changed. A function writes its own response. */
  readonly files: Map<string, string | Uint8Array | ((request: IncomingMessage, response: ServerResponse) => void)>;
  close(): Promise<void>;
}

/**
 * Starts a server of files on 127.0.0.1, such as a chart repository. Paths without a file are answered with 404.
 *
 * @param options.tls absent: plain http
 * @param options.login required from all requests, as HTTP Basic
 */
export async function startFileServer(
  options: { readonly tls?: TestCertificate; readonly login?: string } = {},
): Promise<FileServer> {
  const files: FileServer['files'] = new Map();
  const requests: ReceivedRequest[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { host = '', authorization } = request.headers;
    requests.push({ path: request.url ?? '', host, authorization });
    const expected = options.login === undefined ? undefined : `Basic ${Buffer.from(options.login).toString('base64')}`;
    if (expected !== undefined && authorization !== expected)
      return response.writeHead(401, { 'www-authenticate': 'Basic realm="charts"' }).end('denied');
    const file = files.get((request.url ?? '').replace(/\?.*$/, ''));
    if (typeof file === 'function') return file(request, response);
    if (file === undefined) return response.writeHead(404).end('not found');
    return response.writeHead(200).end(file);
  };
  const server = options.tls ? createTlsServer(options.tls, answer) : createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port, // the address of a TCP server
    requests,
    files,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
