import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { endpoint, isEveryAddress, isThisMachine, plainAddress, type EgressTarget } from './addresses.ts';

/**
 * The addresses of the platform itself, which are always refused. Parts of the process add theirs when they start to
 * listen. A port on a loopback address applies to every address of this machine, such as 127.0.0.2 and 0.0.0.0.
 * A port on all addresses (0.0.0.0 or ::) also applies to the addresses of the network interfaces.
 */
export class OwnAddresses {
  private readonly endpoints = new Set<string>();
  private readonly localPorts = new Set<number>();
  private readonly portsEverywhere = new Set<number>();

  /** @param interfaces returns the current addresses of the network interfaces */
  constructor(private readonly interfaces: () => readonly string[] = interfaceAddresses) {}

  /** @param host a name or an address, IPv6 without brackets */
  add(host: string, port: number): void {
    const plain = isIP(host) === 0 ? host : plainAddress(host);
    if (plain === 'localhost' || isThisMachine(plain)) this.localPorts.add(port);
    if (isEveryAddress(plain)) this.portsEverywhere.add(port);
    this.endpoints.add(endpoint(plain, port));
  }

  has({ address, port, host }: EgressTarget): boolean {
    const plain = plainAddress(address);
    return (
      this.endpoints.has(endpoint(plain, port)) ||
      (host !== undefined && this.endpoints.has(endpoint(host.replace(/\.$/, ''), port))) ||
      (this.localPorts.has(port) && isThisMachine(plain)) ||
      (this.portsEverywhere.has(port) && this.interfaces().some((own) => plainAddress(own) === plain))
    );
  }
}

const interfaceAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));

/** Injection token of the process's OwnAddresses. */
export const OWN_ADDRESSES = Symbol('own addresses');
