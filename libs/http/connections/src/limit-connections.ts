import type { Server, Socket } from 'node:net';
import { isIPv6 } from 'node:net';

export interface ConnectionLimit {
  /** Maximum number of open connections of one address. */
  readonly perAddress: number;
  /** Returns whether an address is a trusted reverse proxy. Its connections serve many people and are not counted. */
  readonly isTrustedProxy?: ((address: string) => boolean) | undefined;
  /** Called for each connection that is closed because of the limit. */
  readonly onRefused?: () => void;
}

/**
 * Closes a new connection without a response, which costs least, if its address has too many open ones. An IPv6 network
 * of 64 bits counts as one address, because whole networks of that size are assigned to one client.
 */
export function limitConnections(server: Server, { perAddress, isTrustedProxy, onRefused }: ConnectionLimit): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    if (isTrustedProxy?.(socket.remoteAddress ?? '')) return;
    const address = networkOf(socket.remoteAddress ?? '');
    const count = (open.get(address) ?? 0) + 1;
    if (count > perAddress) {
      socket.destroy();
      onRefused?.();
      return;
    }
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 0) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
  });
}

/** Returns an IPv4 address unchanged, and the first 64 bits of an IPv6 address. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [before = '', after] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const groups = before === '' ? [] : before.split(':');
  const rest = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? 0 : 8 - groups.length - rest.length;
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...rest];
  return all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
