import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Network between a client and a server, with controllable faults. */
export interface Network {
  /** Port for clients. */
  readonly port: number;
  /** Closes all connections. New ones are accepted. */
  cut(): void;
  /** Holds all data in both directions, without closing connections. */
  freeze(): void;
  /** Delivers the data that was held. */
  thaw(): void;
  /** Closes all connections and refuses new ones. */
  shut(): Promise<void>;
  /** Accepts connections again, on the same port. */
  open(): Promise<void>;
}

interface Line {
  readonly outer: Socket;
  readonly inner: Socket;
}

/** Listens on a free port of this machine and forwards all data. @param innerPort port of the server */
export async function networkBefore(innerPort: number): Promise<Network> {
  const lines = new Set<Line>();
  let isFrozen = false;
  let server: Server | undefined;
  let port = 0;

  const flow = ({ outer, inner }: Line): void => {
    outer.pipe(inner);
    inner.pipe(outer);
  };
  const hold = ({ outer, inner }: Line): void => {
    outer.unpipe(inner).pause();
    inner.unpipe(outer).pause();
  };

  function accept(outer: Socket): void {
    const line = { outer, inner: connect(innerPort, '127.0.0.1') };
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
      listening.listen(port, '127.0.0.1', resolve);
    });
    server = listening;
    port = (listening.address() as AddressInfo).port;
  };
  await open();

  return {
    port,
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
