import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

/** HTTP proxy that forwards all addresses to one server. */
export interface ForwardProxy {
  /** Environment for Node programs: all HTTP requests are answered by the server, regardless of their address. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Lets programs call a server at an address on which it does not listen, such as one in recorded data or configuration
 * files.
 * @param url address on which the server listens
 */
export async function startForwardProxy(url: string): Promise<ForwardProxy> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    return socket.once('close', () => open.delete(socket)).on('error', () => socket.destroy());
  };
  // Fetch of Node requests a tunnel from a proxy, even for plain HTTP.
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
  const { port: own } = server.address() as AddressInfo; // the address of a TCP server
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
