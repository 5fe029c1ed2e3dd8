import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** TCP proxy to one server, which a test can block. */
interface TcpProxy {
  readonly port: number;
  /** Closes all connections and refuses new ones. */
  cut(): void;
  /** Accepts connections and data, but forwards nothing. */
  freeze(): void;
  /** Forwards all data again, including what was held. */
  resume(): void;
  close(): Promise<void>;
}

/** @param url address of the server, of which only host and port are used */
export async function startTcpProxy(url: string): Promise<TcpProxy> {
  const [, hostname = '127.0.0.1', port = ''] = /^[a-z+]+:\/\/(?:[^@/]*@)?([^:/?]+):(\d+)/.exec(url) ?? [];
  let state: 'open' | 'cut' | 'frozen' = 'open';
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    return socket.once('close', () => open.delete(socket)).on('error', () => socket.destroy());
  };
  const server = createServer((socket) => {
    if (state === 'cut') return void socket.on('error', () => {}).destroy();
    const target = keep(connect(Number(port), hostname));
    keep(socket).once('close', () => target.destroy());
    target.once('close', () => socket.destroy());
    target.pipe(socket).pipe(target);
    if (state === 'frozen') for (const end of [socket, target]) end.pause();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port, // a TCP server's address has this form
    cut() {
      state = 'cut';
      for (const socket of open) socket.destroy();
    },
    freeze() {
      state = 'frozen';
      for (const socket of open) socket.pause();
    },
    resume() {
      state = 'open';
      for (const socket of open) socket.resume();
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
