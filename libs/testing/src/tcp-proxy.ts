import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** TCP proxy to one server, with controllable faults. */
export interface TcpProxy {
  /** Port for clients. */
  readonly port: number;
  /** Closes all connections. New ones are accepted. */
  cut(): void;
  /** Holds all data in both directions, without closing connections. New connections are accepted. */
  freeze(): void;
  /** Delivers the data that was held. */
  thaw(): void;
  /** Closes all connections and refuses new ones, until `open`. Also ends the proxy. */
  shut(): Promise<void>;
  /** Accepts connections again, on the same port. */
  open(): Promise<void>;
}

interface Line {
  readonly outer: Socket;
  readonly inner: Socket;
}

/**
 * Starts a proxy on this machine.
 *
 * @param target URL of the server, of which only host and port are used, or a port of this machine
 * @param port where the proxy listens; 0 selects a free port
 */
export async function startTcpProxy(target: string | number, port = 0): Promise<TcpProxy> {
  const [, hostname, targetPort] =
    typeof target === 'number'
      ? ['', '127.0.0.1', target]
      : (/^[a-z+]+:\/\/(?:[^@/]*@)?([^:/?]+):(\d+)/.exec(target) ?? []);
  if (hostname === undefined) throw new Error('the address of the server has no host and port');
  const lines = new Set<Line>();
  let isFrozen = false;
  let server: Server | undefined;
  let own = port;

  const flow = ({ outer, inner }: Line): void => {
    outer.pipe(inner);
    inner.pipe(outer);
  };
  const hold = ({ outer, inner }: Line): void => {
    outer.unpipe(inner).pause();
    inner.unpipe(outer).pause();
  };

  function accept(outer: Socket): void {
    const line = { outer, inner: connect(Number(targetPort), hostname) };
    const end = () => {
      lines.delete(line);
      line.outer.destroy();
      line.inner.destroy();
    };
    for (const socket of [line.outer, line.inner]) socket.setNoDelay(true).on('error', end).on('close', end);
    lines.add(line);
    if (!isFrozen) flow(line);
  }

  const cut = (): void => {
    for (const { outer } of [...lines]) outer.resetAndDestroy();
  };
  const open = async (): Promise<void> => {
    const listening = createServer(accept);
    await new Promise<void>((resolve, reject) => {
      listening.once('error', reject);
      listening.listen(own, '127.0.0.1', resolve);
    });
    server = listening;
    own = (listening.address() as AddressInfo).port; // the address of a TCP server
  };
  await open();

  return {
    port: own,
    cut,
    freeze() {
      isFrozen = true;
      for (const line of lines) hold(line);
    },
    thaw() {
      isFrozen = false;
      for (const line of lines) flow(line);
    },
    async shut() {
      const closing = server;
      server = undefined;
      cut();
      await new Promise((resolve) => (closing ? closing.close(resolve) : resolve(undefined)));
    },
    open,
  };
}
