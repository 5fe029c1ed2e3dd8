import { statSync } from 'node:fs';

/** A validated EventStoreDB connection string. */
export interface Address {
  /** For the client. Contains the password: never use it in a message or a log. */
  readonly connectionString: string;
  /** Host and port of each node, for messages. */
  readonly shown: string;
  readonly isTls: boolean;
  /** Name of the user, if the address has one. */
  readonly user: string | undefined;
}

/** The address is not valid. The message is one sentence without the password. */
class EventStoreAddressError extends Error {
  readonly code = 'event-store/address';
}

const FORM = /^(esdb(?:\+discover)?):\/\/(?:([^:@/?]+):([^@/?]+)@)?([A-Za-z0-9.:,_-]+)\/?(?:\?(.*))?$/;
const NODE = /^[A-Za-z0-9._-]+(?::\d{1,5})?$/;

/**
 * Allowed query parameters. Other parameters of the client change the result of appends, read from nodes that lag, or
 * are timers that we set.
 */
const PARAMETERS: ReadonlyMap<string, RegExp> = new Map([
  ['tls', /^(true|false)$/],
  ['tlsCAFile', /./],
  ['userCertFile', /./],
  ['userKeyFile', /./],
  ['maxDiscoverAttempts', /^\d{1,4}$/],
  ['discoveryInterval', /^\d{1,6}$/],
  ['gossipTimeout', /^\d{1,4}$/],
]);

/**
 * Parses `esdb://[user:password@]host[:port][,host…][?tls=false&tlsCAFile=…]`. Only known parameters are passed to the
 * client, because it prints the complete text including the password if it does not know one.
 *
 * @throws EventStoreAddressError
 */
export function parseAddress(url: string): Address {
  const [, scheme, user, password, nodes = '', query = ''] = FORM.exec(url.trim()) ?? [];
  if (scheme === undefined || !nodes.split(',').every((node) => NODE.test(node)))
    throw new EventStoreAddressError('An EventStoreDB address has the form esdb://user:password@host:2113?tls=true.');
  const given = query === '' ? [] : query.split('&').map((pair) => pair.split('='));
  for (const [name = '', value = ''] of given) {
    const form = PARAMETERS.get(name);
    if (form === undefined)
      throw new EventStoreAddressError(
        `The EventStoreDB address has the unknown parameter ${name}; allowed: ${[...PARAMETERS.keys()].join(', ')}.`,
      );
    if (name.endsWith('File') && !statSync(decodeURIComponent(value), { throwIfNoEntry: false })?.isFile())
      throw new EventStoreAddressError(`The EventStoreDB address sets ${name} to a file that does not exist.`);
    if (!form.test(value))
      throw new EventStoreAddressError(`The EventStoreDB address has an invalid value for ${name}.`);
  }
  const login = user === undefined ? '' : `${user}:${password}@`;
  return {
    connectionString: `${scheme}://${login}${nodes}${query === '' ? '' : `?${query}`}`,
    shown: nodes,
    isTls: !given.some(([name, value]) => name === 'tls' && value === 'false'),
    user: user === undefined ? undefined : decodeURIComponent(user),
  };
}
