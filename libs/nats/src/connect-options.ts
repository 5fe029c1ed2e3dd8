import { readFileSync } from 'node:fs';
import { reasonOf } from '#files';
import {
  AuthorizationError,
  credsAuthenticator,
  nkeyAuthenticator,
  type Authenticator,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import { inboxPrefixOf } from './subjects.ts';
import { publicKeyOfSeed, seedIn } from './user-seed.ts';

/** Address of a NATS server, and the user of a process. */
export interface NatsAddress {
  /** Address `nats://[user:password@]host:port` or `tls://…`; several of one cluster, separated by commas. */
  readonly url: string;
  /** Name of the service, which is part of its inboxes. */
  readonly service?: string;
  /** File with the seed of an NKEY user, or a `.creds` file with a JWT and its seed. Read for each connection. */
  readonly credentialsFile?: string;
  /** PEM file with the authority of the server's certificate. Read for each connection. */
  readonly caFile?: string;
}

/** Invalid settings of NATS. The message is one sentence for the operator, without secrets. */
export class NatsSetupError extends Error {
  readonly code = 'nats/setup';

  constructor(
    /** The setting that is invalid. */
    readonly about: 'address' | 'credentials' | 'authority',
    message: string,
  ) {
    super(message);
  }
}

/**
 * Returns the options of nats.js. Reconnects use the current content of the credentials file.
 *
 * @throws NatsSetupError with one sentence, without the password
 */
export function connectOptions({ url, service, credentialsFile, caFile }: NatsAddress): NodeConnectionOptions {
  const addresses = url.split(',').map((part) => parsed(part.trim()));
  const [first] = addresses;
  if (!first) throw new NatsSetupError('address', 'The NATS address is empty.');
  if (caFile !== undefined) checkReadable(caFile);
  return {
    servers: addresses.map(({ host }) => host),
    ...(first.username !== '' &&
      first.password !== '' && { user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) }),
    ...(first.username !== '' && first.password === '' && { token: decodeURIComponent(first.username) }),
    ...(credentialsFile !== undefined && { authenticator: authenticatorOf(credentialsFile) }),
    ...(caFile !== undefined ? { tls: { caFile } } : first.protocol === 'tls:' ? { tls: {} } : {}),
    ...(service !== undefined && { inboxPrefix: inboxPrefixOf(service) }),
    name: service === undefined ? 'astro' : `astro ${service}`,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    // A server may reject the credentials temporarily while they are rotated.
    ignoreAuthErrorAbort: true,
  };
}

function parsed(text: string): URL {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'nats:' && url.protocol !== 'tls:') || url.hostname === '') {
    throw new NatsSetupError('address', 'The NATS address is not of the form nats://host:port.');
  }
  if (!isEncoded(url.username) || !isEncoded(url.password))
    throw new NatsSetupError(
      'address',
      'The user or the password in the NATS address contains a % that is not encoded; write %25.',
    );
  return url;
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Returns an authenticator that reads the file for each connection, and uses its previous content if that fails. */
function authenticatorOf(file: string): Authenticator {
  let last = readCredentials(file);
  return (nonce) => {
    try {
      last = readCredentials(file);
    } catch (error) {
      if (!(error instanceof NatsSetupError)) throw error; // the file is being replaced; an error would close the connection for good
    }
    return last(nonce);
  };
}

function readCredentials(file: string): Authenticator {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new NatsSetupError('credentials', `${file} cannot be read (${reasonOf(error)}).`);
  }
  const seed = seedIn(text);
  if (seed === undefined || publicKeyOfSeed(text) === undefined)
    throw new NatsSetupError(
      'credentials',
      `${file} contains neither the seed of a NATS user (SU…) nor a user's JWT with its seed.`,
    );
  const bytes = new TextEncoder();
  return text.includes('BEGIN NATS USER JWT')
    ? credsAuthenticator(bytes.encode(text))
    : nkeyAuthenticator(bytes.encode(seed));
}

function checkReadable(file: string): void {
  try {
    readFileSync(file);
  } catch (error) {
    throw new NatsSetupError('authority', `${file} cannot be read (${reasonOf(error)}).`);
  }
}

/**
 * Returns the setting that is invalid, if a connection failed because of it.
 *
 * @returns undefined if the server may only be unreachable
 */
export function setupErrorOf(error: unknown): NatsSetupError | undefined {
  if (error instanceof NatsSetupError) return error;
  if (error instanceof AuthorizationError)
    return new NatsSetupError(
      'credentials',
      'the NATS server refuses the user of this process; check its credentials and the users of the server.',
    );
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (/^(DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_|ERR_TLS_)/.test(code))
    return new NatsSetupError('authority', `the certificate of the NATS server is not trusted (${code}).`);
  return undefined;
}

/** Returns whether a nats-server of this version has the filters, metadata, and reasons of JetStream. */
export function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major > 2 || (major === 2 && minor >= 10);
}
