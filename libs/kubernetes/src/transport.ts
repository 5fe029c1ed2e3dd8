import { lookup as resolveName } from 'node:dns';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Clock } from '#kernel';
import { KubernetesUnreachableError, type UnreachableCause } from './client.ts';
import { egressRefused, hostFromUrl, isAllowed, isLoopback, type EgressPolicy } from '#egress';

export type ClusterCredential =
  | { readonly token: string }
  /** PEM certificate and key. */
  | { readonly clientCertificate: string; readonly clientKey: string };

export interface TransportOptions {
  /** `https://host[:port][/path]`. `http` is allowed for loopback only. */
  readonly server: string;
  /** PEM certificates; the system's CAs by default. */
  readonly ca?: string;
  readonly credential: ClusterCredential;
  /** Name in the server's certificate, if it differs from the host. */
  readonly tlsServerName?: string;
  readonly egress: EgressPolicy;
  readonly clock: Clock;
  readonly userAgent?: string;
}

export interface Outgoing {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, relative to the server's own path. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Maximum bytes of the response. Not applied to streams. */
  readonly maxBytes: number;
  /** Milliseconds until the response must be complete (for a stream: until its headers have arrived). */
  readonly deadlineMs: number;
}

export interface ServerResponse {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Failure of one attempt. `stale` if the server had closed a kept connection before it read anything. */
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

/** HTTP over kept connections to one server. Connects only where the egress policy allows, and follows no redirects. */
export interface Transport {
  exchange(outgoing: Outgoing): Promise<ServerResponse>;
  /** Resolves with the response when its headers have arrived. The caller must read or destroy it. */
  open(outgoing: Outgoing): Promise<IncomingMessage>;
  close(): void;
}

const CLOSED = 'The connection to the cluster was closed.';
const CANCELED = 'The call was canceled.';
const IDLE_MS = 60_000; // less than the server's own 90 s, so that the client closes first
const MAX_SOCKETS = 16;

/** @throws KubernetesUnreachableError if the server's address is invalid */
export const createTransport = (options: TransportOptions): Transport => new HttpTransport(options);

/** A response whose headers have arrived. */
interface OpenResponse {
  readonly response: IncomingMessage;
  /** Ends the call, so that its deadline and signal no longer apply. */
  release(): void;
  /** Sets the handler of later failures. */
  onFailure(handler: (error: TransportError) => void): void;
}

const NOT_SENT = { uncertain: false, stale: false } as const;

class HttpTransport implements Transport {
  private readonly url: URL;
  private readonly secure: boolean;
  private readonly host: string;
  private readonly port: number;
  private readonly calls: http.Agent;
  /** Separate, so that watches do not block calls. */
  private readonly streams: http.Agent;
  /** Functions that end pending calls and streams. */
  private readonly ending = new Set<() => void>();
  private closed = false;

  constructor(private readonly options: TransportOptions) {
    this.url = parseServer(options.server);
    this.secure = this.url.protocol === 'https:';
    this.host = hostFromUrl(this.url.hostname);
    this.port = Number(this.url.port || (this.secure ? 443 : 80));
    this.calls = this.agent(MAX_SOCKETS);
    this.streams = this.agent(Infinity);
  }

  async exchange(outgoing: Outgoing): Promise<ServerResponse> {
    const { response, release, onFailure } = await this.send(outgoing, this.calls);
    return new Promise<ServerResponse>((resolve, reject) => {
      onFailure(reject);
      const { maxBytes } = outgoing;
      const state = { uncertain: outgoing.method !== 'GET', stale: false };
      const chunks: Buffer[] = [];
      let length = 0;
      const rejectTooLarge = () => {
        release();
        const message = `${this.host}:${this.port} returned more than ${maxBytes} bytes.`;
        reject(new TransportError('too-large', message, state));
        chunks.length = 0;
        response.destroy();
      };
      if (Number(response.headers['content-length'] ?? 0) > maxBytes) return rejectTooLarge();
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxBytes) rejectTooLarge();
        else chunks.push(chunk);
      });
      response.on('end', () => {
        release();
        const body = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
      const broken = (cause?: Error) => {
        release();
        const message = `The connection to ${this.host}:${this.port} was lost.`;
        reject(new TransportError('connection', message, { ...state, cause }));
      };
      response.on('error', broken);
      response.on('close', () => broken()); // no effect after `end`
    });
  }

  async open(outgoing: Outgoing): Promise<IncomingMessage> {
    const { response, release, onFailure } = await this.send(outgoing, this.streams);
    release(); // the deadline applied to the headers
    onFailure(() => {});
    const drop = () => response.destroy();
    this.ending.add(drop);
    outgoing.signal?.addEventListener('abort', drop, { once: true });
    response.on('error', () => {}); // iterators also get the error; without a listener, it would end the process
    response.once('close', () => {
      this.ending.delete(drop);
      outgoing.signal?.removeEventListener('abort', drop);
    });
    return response;
  }

  close(): void {
    this.closed = true;
    for (const drop of [...this.ending]) drop();
    this.calls.destroy();
    this.streams.destroy();
  }

  private agent(maxSockets: number): http.Agent {
    const kept = { keepAlive: true, maxSockets, timeout: IDLE_MS, scheduling: 'lifo' } as const;
    if (!this.secure) return new http.Agent(kept);
    const { ca, tlsServerName, credential } = this.options;
    return new https.Agent({
      ...kept,
      ...(ca !== undefined && { ca }),
      ...(tlsServerName !== undefined && { servername: tlsServerName }),
      ...('token' in credential ? {} : { cert: credential.clientCertificate, key: credential.clientKey }),
      minVersion: 'TLSv1.2',
    });
  }

  private isPermitted(address: string): boolean {
    const { port, host, secure } = this;
    return isAllowed(this.options.egress, { address, port, host }) && (secure || isLoopback(address));
  }

  /** Resolves the name, and returns only addresses that the egress policy allows. */
  private readonly lookup: LookupFunction = (name, wanted, done) => {
    const { family } = wanted;
    resolveName(name, { all: true, ...(family !== undefined && { family }) }, (failure, addresses) => {
      if (failure) return done(failure, '', 0);
      const usable = addresses.filter(({ address }) => this.isPermitted(address));
      const first = usable[0];
      if (!first) {
        const refused = egressRefused(
          { address: addresses[0]?.address ?? '', port: this.port, host: name },
          this.options.egress,
        );
        return done(Object.assign(new Error(refused.detail), { code: 'EEGRESS' }), '', 0);
      }
      if (wanted.all) done(null, usable);
      else done(null, first.address, first.family);
    });
  };

  private refusalOf({ signal }: Outgoing): TransportError | undefined {
    const { closed, host, port } = this;
    if (closed) return new TransportError('closed', CLOSED, NOT_SENT);
    if (signal?.aborted) return new TransportError('aborted', CANCELED, NOT_SENT);
    if (isIP(host) === 0 || this.isPermitted(host)) return undefined;
    return new TransportError(
      'egress',
      egressRefused({ address: host, port, host }, this.options.egress).detail,
      NOT_SENT,
    );
  }

  private request(
    { method, path, headers }: Outgoing,
    agent: http.Agent,
    body: Buffer | undefined,
  ): http.ClientRequest {
    const { credential, userAgent = 'astro-platform' } = this.options;
    return (this.secure ? https : http).request({
      agent,
      host: this.host,
      port: this.port,
      lookup: this.lookup,
      method,
      path: this.url.pathname.replace(/\/$/, '') + path,
      headers: {
        'user-agent': userAgent,
        ...('token' in credential && { authorization: `Bearer ${credential.token}` }),
        accept: 'application/json',
        ...headers,
        // Node sends a DELETE's body without framing unless this header is set. The server would then ignore the body
        // and delete.
        ...(body && { 'content-length': String(body.length) }),
      },
    });
  }

  private send(outgoing: Outgoing, agent: http.Agent): Promise<OpenResponse> {
    const { host, port } = this;
    const { method, signal, deadlineMs } = outgoing;
    return new Promise((resolve, reject) => {
      const refusal = this.refusalOf(outgoing);
      if (refusal) return reject(refusal);
      let sent = false;
      let failed: (error: TransportError) => void = reject;
      const body = outgoing.body === undefined ? undefined : Buffer.from(outgoing.body);
      const request = this.request(outgoing, agent, body);
      const end = (why: UnreachableCause, message: string, more: { stale?: boolean; cause?: unknown } = {}) => {
        release();
        failed(new TransportError(why, message, { uncertain: sent && method !== 'GET', stale: false, ...more }));
        request.destroy();
      };
      const abort = () => end('aborted', CANCELED);
      const shut = () => end('closed', CLOSED);
      const timer = this.options.clock.timer(deadlineMs, () =>
        end('timeout', `${host}:${port} did not respond within ${Math.round(deadlineMs)} ms.`),
      );
      const release = () => {
        timer.cancel();
        this.ending.delete(shut);
        signal?.removeEventListener('abort', abort);
      };
      this.ending.add(shut);
      signal?.addEventListener('abort', abort, { once: true });
      request.on('socket', (socket) => {
        if (socket.connecting) socket.once(this.secure ? 'secureConnect' : 'connect', () => (sent = true));
        else sent = true;
      });
      request.on('error', (cause: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
        end(whyOf(cause), messageOf(cause, host, port), { stale, cause });
      });
      request.on('response', (response) => resolve({ response, release, onFailure: (handler) => (failed = handler) }));
      request.end(body);
    });
  }
}

/** Parses the address of an API server: https (http for loopback), without user, query, and fragment. */
export function parseServer(server: string): URL {
  const refuse = (why: string) => new KubernetesUnreachableError('egress', `The server's address ${why}.`, false);
  if (!URL.canParse(server)) throw refuse('is not a URL');
  const url = new URL(server);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw refuse('must not have a user, query, or fragment');
  const host = hostFromUrl(url.hostname);
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
