import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

/** An HTTP proxy through which every address leads to one server. */
export interface ForwardProxy {
  /** For programs of Node: whatever address they call over HTTP, the server answers. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Lets programs call a server by an address that it does not listen at: one that data or configuration files name.
 * @param url where the server listens
 */
export async function startForwardProxy(url: string): Promise<ForwardProxy> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    return socket.once('close', () => open.delete(socket)).on('error', () => socket.destroy());
  };
  // Fetch of Node asks a proxy for a tunnel, for plain HTTP too.
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on('connect', (_, socket: Socket, head: Buffer) => {
    const target = keep(connect(Number(port), hostname));
    target.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.write(head);
      target.pipe(socket).pipe(target);
    });
    keep(socket).once('close', () => target.destroy());
    target.once('close', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: own } = server.address() as AddressInfo; // a TCP server's address has this form
  const proxy = `http://127.0.0.1:${own}`;
  return {
    environment: { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy, http_proxy: proxy, NO_PROXY: '', no_proxy: '' },
    async close() {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
