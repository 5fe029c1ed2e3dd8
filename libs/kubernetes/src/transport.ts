import { lookup as resolveName } from 'node:dns';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Clock } from '#kernel';
import { KubernetesUnreachableError, type UnreachableCause } from './client.ts';
import { egressRefused, isAllowed, isLoopback, type EgressPolicy } from '#egress';

export type ClusterCredential =
  | { readonly token: string }
  /** PEM texts. */
  | { readonly clientCertificate: string; readonly clientKey: string };

export interface TransportOptions {
  /** `https://host[:port][/path]`; `http` for loopback only. */
  readonly server: string;
  /** PEM text; the system's authorities when left out. */
  readonly ca?: string;
  readonly credential: ClusterCredential;
  /** The name in the server's certificate, when it differs from the host. */
  readonly tlsServerName?: string;
  readonly egress: EgressPolicy;
  readonly clock: Clock;
  readonly userAgent?: string;
}

export interface Outgoing {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query below the server's own path. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Bytes of the answer; not of a stream. */
  readonly maxBytes: number;
  /** Milliseconds until the answer must be complete (for a stream: until it has begun). */
  readonly deadlineMs: number;
}

export interface ServerResponse {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A failure of one try; `stale` when a kept connection had been closed by the server before it read anything. */
export class TransportError extends KubernetesUnreachableError {
  readonly stale: boolean;
  constructor(
    why: UnreachableCause,
    message: string,
    state: { readonly uncertain: boolean; readonly stale: boolean; readonly cause?: unknown },
  ) {
    super(why, message, state.uncertain, { cause: state.cause });
    this.stale = state.stale;
  }
}

/** HTTP over kept connections to one server. Connects only where the egress policy allows; follows no redirects. */
export interface Transport {
  exchange(outgoing: Outgoing): Promise<ServerResponse>;
  /** The answer as soon as its head is there; whoever asked must read or destroy it. */
  open(outgoing: Outgoing): Promise<IncomingMessage>;
  close(): void;
}

const IDLE_MS = 60_000; // below the server's own 90 s, so that we close first
const MAX_SOCKETS = 16;

/** @throws KubernetesUnreachableError when the address has a form that is never dialled. */
export function createTransport(options: TransportOptions): Transport {
  const url = parseServer(options.server);
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || (secure ? 443 : 80));
  const tls = {
    ...(options.ca !== undefined && { ca: options.ca }),
    ...(options.tlsServerName !== undefined && { servername: options.tlsServerName }),
    ...('token' in options.credential
      ? {}
      : { cert: options.credential.clientCertificate, key: options.credential.clientKey }),
    minVersion: 'TLSv1.2' as const,
  };
  const agentOf = (maxSockets: number) =>
    secure
      ? new https.Agent({ ...tls, keepAlive: true, maxSockets, timeout: IDLE_MS, scheduling: 'lifo' })
      : new http.Agent({ keepAlive: true, maxSockets, timeout: IDLE_MS, scheduling: 'lifo' });
  const calls = agentOf(MAX_SOCKETS);
  const streams = agentOf(Infinity); // watches must not starve calls
  const open = new Set<() => void>();
  let closed = false;

  const permitted = (address: string) =>
    isAllowed(options.egress, { address, port, host }) && (secure || isLoopback(address));

  const lookup: LookupFunction = (name, wanted, done) => {
    resolveName(
      name,
      { all: true, ...(wanted.family !== undefined && { family: wanted.family }) },
      (failure, addresses) => {
        if (failure) return done(failure, '', 0);
        const usable = addresses.filter(({ address }) => permitted(address));
        const first = usable[0];
        if (!first) {
          const refused = egressRefused({ address: addresses[0]?.address ?? '', port, host: name });
          return done(Object.assign(new Error(refused.detail), { code: 'EEGRESS' }), '', 0);
        }
        if (wanted.all) done(null, usable);
        else done(null, first.address, first.family);
      },
    );
  };

  function send(
    outgoing: Outgoing,
    agent: http.Agent,
  ): Promise<{
    readonly response: IncomingMessage;
    readonly settle: () => void;
    readonly fail: (handler: (error: TransportError) => void) => void;
  }> {
    return new Promise((resolve, reject) => {
      if (closed)
        return reject(
          new TransportError('closed', 'The connection to the cluster was closed.', { uncertain: false, stale: false }),
        );
      if (outgoing.signal?.aborted)
        return reject(new TransportError('aborted', 'The call was canceled.', { uncertain: false, stale: false }));
      if (isIP(host) !== 0 && !permitted(host)) {
        return reject(
          new TransportError('egress', egressRefused({ address: host, port, host }).detail, {
            uncertain: false,
            stale: false,
          }),
        );
      }
      let sent = false;
      let onFailure: (error: TransportError) => void = reject;
      const body = outgoing.body === undefined ? undefined : Buffer.from(outgoing.body);
      const request = (secure ? https : http).request({
        agent,
        host,
        port,
        lookup,
        method: outgoing.method,
        path: url.pathname.replace(/\/$/, '') + outgoing.path,
        headers: {
          'user-agent': options.userAgent ?? 'astro-platform',
          ...('token' in options.credential && { authorization: `Bearer ${options.credential.token}` }),
          accept: 'application/json',
          ...outgoing.headers,
          // Node sends a DELETE's body without any framing unless told; the server then ignores it, and deletes.
          ...(body && { 'content-length': String(body.length) }),
        },
      });
      const end = (error: TransportError) => {
        settle();
        onFailure(error);
        request.destroy();
      };
      const uncertain = () => sent && outgoing.method !== 'GET';
      const abort = () =>
        end(new TransportError('aborted', 'The call was canceled.', { uncertain: uncertain(), stale: false }));
      const shut = () =>
        end(
          new TransportError('closed', 'The connection to the cluster was closed.', {
            uncertain: uncertain(),
            stale: false,
          }),
        );
      const timer = options.clock.timer(outgoing.deadlineMs, () =>
        end(
          new TransportError(
            'timeout',
            `${host}:${port} did not respond within ${Math.round(outgoing.deadlineMs)} ms.`,
            { uncertain: uncertain(), stale: false },
          ),
        ),
      );
      const settle = () => {
        timer.cancel();
        open.delete(shut);
        outgoing.signal?.removeEventListener('abort', abort);
      };
      open.add(shut);
      outgoing.signal?.addEventListener('abort', abort, { once: true });
      request.on('socket', (socket) => {
        if (socket.connecting) socket.once(secure ? 'secureConnect' : 'connect', () => (sent = true));
        else sent = true;
      });
      request.on('error', (cause: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
        end(new TransportError(whyOf(cause), messageOf(cause, host, port), { uncertain: uncertain(), stale, cause }));
      });
      request.on('response', (response) => resolve({ response, settle, fail: (handler) => (onFailure = handler) }));
      request.end(body);
    });
  }

  return {
    async exchange(outgoing) {
      const { response, settle, fail } = await send(outgoing, calls);
      return new Promise<ServerResponse>((resolve, reject) => {
        fail(reject);
        const uncertain = outgoing.method !== 'GET';
        const { maxBytes } = outgoing;
        const chunks: Buffer[] = [];
        let length = 0;
        const cutOff = () => {
          settle();
          const message = `${host}:${port} returned more than ${maxBytes} bytes.`;
          reject(new TransportError('too-large', message, { uncertain, stale: false }));
          chunks.length = 0;
          response.destroy();
        };
        if (Number(response.headers['content-length'] ?? 0) > maxBytes) return cutOff();
        response.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > maxBytes) cutOff();
          else chunks.push(chunk);
        });
        response.on('end', () => {
          settle();
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
        const broken = (cause?: Error) => {
          settle();
          reject(
            new TransportError('connection', `The connection to ${host}:${port} was lost.`, {
              uncertain,
              stale: false,
              cause,
            }),
          );
        };
        response.on('error', broken);
        response.on('close', () => broken()); // after `end` this changes nothing
      });
    },
    async open(outgoing) {
      const { response, settle, fail } = await send(outgoing, streams);
      settle(); // the deadline was for the head
      fail(() => {});
      const drop = () => response.destroy();
      open.add(drop);
      outgoing.signal?.addEventListener('abort', drop, { once: true });
      response.on('error', () => {}); // also reaches whoever iterates; without a listener it would end the process
      response.once('close', () => {
        open.delete(drop);
        outgoing.signal?.removeEventListener('abort', drop);
      });
      return response;
    },
    close() {
      closed = true;
      for (const drop of [...open]) drop();
      calls.destroy();
      streams.destroy();
    },
  };
}

/** The address of an API server: https (http for loopback), without user, query and fragment. */
export function parseServer(server: string): URL {
  const refuse = (why: string) => new KubernetesUnreachableError('egress', `The server's address ${why}.`, false);
  if (!URL.canParse(server)) throw refuse('is not a URL');
  const url = new URL(server);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw refuse('must have no user, query or fragment');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol === 'http:' && !(host === 'localhost' || isLoopback(host))) throw refuse('must begin with https://');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('must begin with https://');
  return url;
}

const CERTIFICATE = /CERT|SELF_SIGNED|ISSUER|UNABLE_TO_VERIFY|ALTNAME|ERR_TLS|ERR_SSL|EPROTO/;

function whyOf({ code = '' }: NodeJS.ErrnoException): UnreachableCause {
  if (code === 'EEGRESS') return 'egress';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'name';
  if (code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'refused';
  if (CERTIFICATE.test(code)) return 'certificate';
  return code.startsWith('HPE_') ? 'malformed' : 'connection';
}

function messageOf(cause: NodeJS.ErrnoException, host: string, port: number): string {
  switch (whyOf(cause)) {
    case 'egress':
      return cause.message;
    case 'name':
      return `The name ${host} could not be resolved.`;
    case 'refused':
      return `${host}:${port} cannot be reached (${cause.code}).`;
    case 'certificate':
      return `The certificate of ${host}:${port} was not accepted (${cause.code}).`;
    default:
      return `The connection to ${host}:${port} was lost (${cause.code ?? 'no reason given'}).`;
  }
}
