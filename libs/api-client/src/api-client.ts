import type { CallerInputOf, Contract, OutputOf, ReplyMeta, RequestContract, StreamContract } from '#bus/contract';
import {
  abortAfter,
  domainError,
  ERROR_KINDS,
  parsePosition,
  type Clock,
  type DomainError,
  type ErrorKind,
  type Ids,
  type InputError,
  type Json,
} from '#kernel';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { routeRequest, type RouteRequest } from './route-request.ts';

/** Maximum size of an event; a larger one ends the stream. */
const EVENT_CHARACTERS = 16 * 1024 * 1024;

/** The part of `fetch` that the client uses. */
export type ApiFetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ApiClientOptions {
  /** Address of the platform, such as `http://127.0.0.1:8080`; may have a path. */
  readonly baseUrl: string;
  /** Access key or OIDC access token; absent for public routes. */
  readonly credential?: string;
  /** Default: that of Node.js or the browser. */
  readonly fetch?: ApiFetch;
  readonly clock: Clock;
  /** Source of idempotency keys. */
  readonly ids: Ids;
  /** Milliseconds for a call including its retry, or until a stream starts. */
  readonly timeoutMs: number;
  /**
   * Receives a line for each request and response: method, address, status, request ID, time. No credentials, no
   * bodies.
   */
  readonly onDebug?: (line: string) => void;
}

export interface ApiCallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly dryRun?: boolean;
  /** Revision that the writer has read. */
  readonly ifMatch?: number;
  /** Requires a response from a state that is at least as new as this position. */
  readonly consistency?: string;
  /** Default: a new key for each POST. Retries of a call share it. */
  readonly idempotencyKey?: string;
}

export type ApiReply<T> =
  | { readonly ok: true; readonly value: T; readonly meta: ReplyMeta; readonly requestId?: string }
  | { readonly ok: false; readonly error: DomainError; readonly status?: number; readonly requestId?: string };

type Refusal = Extract<ApiReply<never>, { readonly ok: false }>;

/** Thrown when a stream is rejected, breaks, or cannot connect. */
export class ApiStreamError extends Error {
  readonly error: DomainError;
  readonly status?: number;
  readonly requestId?: string;

  constructor({ error, status, requestId }: Refusal) {
    super(error.detail);
    this.error = error;
    if (status !== undefined) this.status = status;
    if (requestId !== undefined) this.requestId = requestId;
  }
}

/** Client of the platform's REST API, derived from the contracts. */
export interface ApiClient {
  /**
   * Sends a request. Network and server failures are returned, never thrown. The client's own codes are
   * `client/unreachable`, `client/not-ours`, `client/timeout`, and `client/aborted`. After a broken connection, the
   * request is retried once; a POST keeps its Idempotency-Key.
   */
  call<C extends RequestContract>(
    contract: C,
    input: CallerInputOf<C>,
    options?: ApiCallOptions,
  ): Promise<ApiReply<OutputOf<C>>>;
  /**
   * Returns items as they arrive. Ends when the server's stream ends or `signal` aborts.
   *
   * @throws ApiStreamError
   */
  stream<C extends StreamContract>(
    contract: C,
    input: CallerInputOf<C>,
    signal?: AbortSignal,
    options?: Pick<ApiCallOptions, 'consistency'>,
  ): AsyncIterable<OutputOf<C>>;
}

/** Creates a client. It connects at the first request. */
export const createApiClient = (options: ApiClientOptions): ApiClient => new RestClient(options);

class RestClient implements ApiClient {
  private readonly base: string;
  private readonly fetch: ApiFetch;

  constructor(private readonly options: ApiClientOptions) {
    this.base = options.baseUrl.replace(/\/+$/, '');
    this.fetch = options.fetch ?? globalThis.fetch;
  }

  async call<C extends RequestContract>(
    contract: C,
    input: CallerInputOf<C>,
    call: ApiCallOptions = {},
  ): Promise<ApiReply<OutputOf<C>>> {
    const { clock, ids } = this.options;
    const request = routeRequest(contract, input as Readonly<Record<string, unknown>>, call.dryRun ?? false);
    const withKey = request.method === 'POST' ? { idempotencyKey: ids.uuid(), ...call } : call;
    const timeoutMs = call.timeoutMs ?? this.options.timeoutMs;
    const timeout = abortAfter(clock, timeoutMs);
    const signal = call.signal ? AbortSignal.any([timeout, call.signal]) : timeout;
    try {
      const response = await this.sendTwice(
        contract,
        request,
        'application/json, application/problem+json',
        withKey,
        signal,
      );
      return await replyOf<OutputOf<C>>(response, this.base);
    } catch (error) {
      return this.failed(error, timeout.aborted, call.signal?.aborted ?? false, timeoutMs);
    }
  }

  async *stream<C extends StreamContract>(
    contract: C,
    input: CallerInputOf<C>,
    signal?: AbortSignal,
    options: Pick<ApiCallOptions, 'consistency'> = {},
  ): AsyncGenerator<OutputOf<C>> {
    const { base } = this;
    const { clock, timeoutMs } = this.options;
    if (signal?.aborted) return;
    const request = routeRequest(contract, input as Readonly<Record<string, unknown>>, false);
    const late = new AbortController();
    const timer = clock.timer(timeoutMs, () => late.abort());
    const both = signal ? AbortSignal.any([late.signal, signal]) : late.signal;
    try {
      const response = await this.sendTwice(
        contract,
        request,
        'text/event-stream, application/problem+json',
        options,
        both,
      );
      timer.cancel();
      if (!mediaTypeOf(response).startsWith('text/event-stream') || !response.body) {
        const refused = await replyOf<never>(response, base);
        throw new ApiStreamError(refused.ok ? notFromPlatform(response, base) : refused);
      }
      const events = response.body
        .pipeThrough(new TextDecoderStream())
        .pipeThrough(new EventSourceParserStream({ maxBufferSize: EVENT_CHARACTERS }));
      for await (const { event = 'message', data } of events) {
        if (event === 'problem') throw new ApiStreamError(refusalOf(JSON.parse(data), 503, response, base));
        if (event === 'message') yield JSON.parse(data);
      }
    } catch (error) {
      if (signal?.aborted) return;
      throw error instanceof ApiStreamError
        ? error
        : new ApiStreamError(this.failed(error, late.signal.aborted, false, timeoutMs));
    } finally {
      timer.cancel();
      late.abort(); // closes the connection when the reader leaves the loop
    }
  }

  private async send(
    contract: Contract,
    request: RouteRequest,
    accept: string,
    call: ApiCallOptions,
    signal: AbortSignal,
  ): Promise<Response> {
    const { base, fetch } = this;
    const { clock, credential, onDebug: debug } = this.options;
    const { method, path, body } = request;
    const headers: Record<string, string> = {
      accept,
      ...(credential !== undefined && { authorization: `Bearer ${credential}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(call.idempotencyKey !== undefined && { 'idempotency-key': call.idempotencyKey }),
      ...(call.ifMatch !== undefined && { 'if-match': `"${call.ifMatch}"` }),
      ...(call.consistency !== undefined && { consistency: call.consistency }),
    };
    const started = clock.monotonic();
    const elapsedMs = () => Math.round(clock.monotonic() - started);
    try {
      const response = await fetch(base + path, {
        method,
        headers,
        signal,
        redirect: 'manual',
        ...(body !== undefined && { body }),
      });
      debug?.(
        `${method} ${base}${path} ${response.status} ${response.headers.get('x-request-id') ?? '-'} ${elapsedMs()} ms (${contract.subject})`,
      );
      return response;
    } catch (error) {
      debug?.(`${method} ${base}${path} failed: ${causeOf(error)} after ${elapsedMs()} ms`);
      throw error;
    }
  }

  /** Sends a request, and once more if the connection broke. Responses, aborts, and timeouts are not retried. */
  private async sendTwice(
    contract: Contract,
    request: RouteRequest,
    accept: string,
    call: ApiCallOptions,
    signal: AbortSignal,
  ): Promise<Response> {
    try {
      return await this.send(contract, request, accept, call, signal);
    } catch (error) {
      if (signal.aborted || REFUSED.includes(causeOf(error))) throw error;
      return this.send(contract, request, accept, call, signal);
    }
  }

  private failed(error: unknown, timedOut: boolean, aborted: boolean, timeoutMs: number): Refusal {
    if (aborted) return { ok: false, error: domainError('client/aborted', 'unavailable', 'The request was canceled.') };
    if (timedOut)
      return {
        ok: false,
        error: domainError(
          'client/timeout',
          'unavailable',
          `${this.base} did not respond within ${timeoutMs / 1_000} s; the request may have taken effect.`,
          {
            fix: 'try again, with a longer --request-timeout',
          },
        ),
      };
    return {
      ok: false,
      error: domainError('client/unreachable', 'unavailable', `No server responds at ${this.base}.`, {
        extra: { cause: causeOf(error) },
      }),
    };
  }
}

/** Causes where nothing was listening, so that a retry is useless. */
const REFUSED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/** Returns the code of a network error, which Node's fetch puts into `cause`, sometimes one level deeper. */
function causeOf(error: unknown): string {
  let cause = error;
  for (let depth = 0; depth < 4 && typeof cause === 'object' && cause !== null; depth++) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
    if ('errors' in cause && Array.isArray(cause.errors)) cause = cause.errors[0];
    else if ('cause' in cause && cause.cause !== undefined) cause = cause.cause;
    else return 'name' in cause && typeof cause.name === 'string' ? cause.name : 'Error';
  }
  return 'Error';
}

const mediaTypeOf = (response: Response): string =>
  response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';

function notFromPlatform(response: Response, base: string): Refusal {
  return {
    ok: false,
    status: response.status,
    error: domainError(
      'client/not-ours',
      'unavailable',
      `${base} responded, but is not an Astro Platform (${mediaTypeOf(response) || 'no content type'}).`,
    ),
  };
}

async function replyOf<T>(response: Response, base: string): Promise<ApiReply<T>> {
  const type = mediaTypeOf(response);
  const requestId = response.headers.get('x-request-id') ?? undefined;
  if (requestId === undefined) return notFromPlatform(response, base);
  if (response.status === 204) return { ok: true, value: {} as T, meta: metaOf(response), requestId };
  if (type !== 'application/json' && type !== 'application/problem+json') return notFromPlatform(response, base);
  let body: unknown;
  try {
    body = JSON.parse(await response.text());
  } catch (error) {
    if (error instanceof SyntaxError) return notFromPlatform(response, base);
    throw error;
  }
  // The value is the response of the contract's handler: server and client are built from the same contract.
  return response.ok
    ? { ok: true, value: body as T, meta: metaOf(response), requestId }
    : refusalOf(body, response.status, response, base);
}

const KNOWN = new Set(['type', 'title', 'status', 'code', 'kind', 'detail', 'fix', 'errors', 'instance', 'requestId']);

function refusalOf(body: unknown, status: number, response: Response, base: string): Refusal {
  if (
    typeof body !== 'object' ||
    body === null ||
    !('code' in body) ||
    typeof body.code !== 'string' ||
    !('detail' in body) ||
    typeof body.detail !== 'string'
  )
    return notFromPlatform(response, base);
  const problem = body as Readonly<Record<string, unknown>>;
  const { kind, fix, errors, requestId } = problem;
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  const extra = Object.fromEntries(Object.entries(problem).filter(([name]) => !KNOWN.has(name))) as Record<
    string,
    Json
  >;
  return {
    ok: false,
    status: typeof problem['status'] === 'number' ? problem['status'] : status,
    ...(typeof requestId === 'string' && { requestId }),
    error: domainError(
      body.code,
      ERROR_KINDS.includes(kind as ErrorKind) ? (kind as ErrorKind) : 'unavailable',
      body.detail,
      {
        ...(typeof fix === 'string' && { fix }),
        ...(Array.isArray(errors) && { errors: errors as readonly InputError[] }),
        ...(Object.keys(extra).length > 0 && { extra }),
        ...(Number.isFinite(retryAfter) && { retryAfterSeconds: retryAfter }),
      },
    ),
  };
}

function metaOf({ status, headers }: Response): ReplyMeta {
  const position = parsePosition(headers.get('consistency') ?? '');
  const revision = /^"(\d+)"$/.exec(headers.get('etag') ?? '')?.[1];
  const warnings = [...(headers.get('warning') ?? '').matchAll(/299 - "([^"]*)"/g)].map(([, text]) =>
    decodeURIComponent(text ?? ''),
  );
  return {
    ...(position.ok && { position: position.value }),
    ...(revision !== undefined && { revision: Number(revision) }),
    ...(status === 201 && { created: true }),
    ...(headers.get('idempotent-replayed') === 'true' && { repeated: true }),
    ...(warnings.length > 0 && { warnings }),
  };
}
