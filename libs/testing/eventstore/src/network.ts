import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What is between a client and a server: everything that happens to connections can be made to happen here. */
export interface Network {
  /** Where clients connect. */
  readonly port: number;
  /** Breaks every connection; new ones are let through. */
  cut(): void;
  /** Nothing arrives any more in either direction, and nobody is told. */
  freeze(): void;
  /** Everything that was held up arrives. */
  thaw(): void;
  /** Breaks every connection and refuses new ones. */
  shut(): Promise<void>;
  /** Lets connections through again, at the same port. */
  open(): Promise<void>;
}

interface Line {
  readonly outer: Socket;
  readonly inner: Socket;
}

/** Listens on a free port of this machine and passes everything on. @param innerPort where the server listens */
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
