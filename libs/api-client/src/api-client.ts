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

/** Of one event; more ends the stream. */
const EVENT_CHARACTERS = 16 * 1024 * 1024;

/** The part of `fetch` that is used. */
export type ApiFetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ApiClientOptions {
  /** `http://127.0.0.1:8080`; a path is kept. */
  readonly baseUrl: string;
  /** Access key or OIDC access token; none for public routes. */
  readonly credential?: string;
  /** Node's or the browser's own when left out. */
  readonly fetch?: ApiFetch;
  readonly clock: Clock;
  /** Source of idempotency keys. */
  readonly ids: Ids;
  /** For one call with its retry, milliseconds; a stream's beginning. */
  readonly timeoutMs: number;
  /** One line per request and answer: method, address, status, request id, time. Never a credential or a body. */
  readonly onDebug?: (line: string) => void;
}

export interface ApiCallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly dryRun?: boolean;
  /** Revision that the writer has seen. */
  readonly ifMatch?: number;
  /** Answer from a state that is not older. */
  readonly consistency?: string;
  /** A fresh one is made for each POST when left out; retries of one call share it. */
  readonly idempotencyKey?: string;
}

export type ApiReply<T> =
  | { readonly ok: true; readonly value: T; readonly meta: ReplyMeta; readonly requestId?: string }
  | { readonly ok: false; readonly error: DomainError; readonly status?: number; readonly requestId?: string };

type Refusal = Extract<ApiReply<never>, { readonly ok: false }>;

/** What a stream throws when it is refused, broken, or nobody is there. */
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

/** Calls to the platform's REST API, derived from the contracts. */
export interface ApiClient {
  /**
   * Never throws for what the network or the server does. Codes of its own: `client/unreachable`, `client/not-ours`,
   * `client/timeout`, `client/aborted`. A broken connection is tried once more; a POST keeps its Idempotency-Key.
   */
  call<C extends RequestContract>(
    contract: C,
    input: CallerInputOf<C>,
    options?: ApiCallOptions,
  ): Promise<ApiReply<OutputOf<C>>>;
  /** Items as they come. Ends when the server's stream ends or `signal` aborts. @throws ApiStreamError */
  stream<C extends StreamContract>(
    contract: C,
    input: CallerInputOf<C>,
    signal?: AbortSignal,
    options?: Pick<ApiCallOptions, 'consistency'>,
  ): AsyncIterable<OutputOf<C>>;
}

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
        throw new ApiStreamError(refused.ok ? notOurs(response, base) : refused);
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
      late.abort(); // leaves the connection when the reader leaves the loop
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
    const tookMs = () => Math.round(clock.monotonic() - started);
    try {
      const response = await fetch(base + path, {
        method,
        headers,
        signal,
        redirect: 'manual',
        ...(body !== undefined && { body }),
      });
      debug?.(
        `${method} ${base}${path} ${response.status} ${response.headers.get('x-request-id') ?? '-'} ${tookMs()} ms (${contract.subject})`,
      );
      return response;
    } catch (error) {
      debug?.(`${method} ${base}${path} failed: ${causeOf(error)} after ${tookMs()} ms`);
      throw error;
    }
  }

  /** Once more when the connection broke; nothing is tried again after an answer, an abort or a time-out. */
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
          `${this.base} did not answer within ${timeoutMs / 1_000} s; the request may have taken effect.`,
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

/** Causes after which nothing was listening: a second try would say the same. */
const REFUSED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/** Node's fetch hides what happened in `cause`, sometimes one level deeper. */
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

function notOurs(response: Response, base: string): Refusal {
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
  if (requestId === undefined) return notOurs(response, base);
  if (response.status === 204) return { ok: true, value: {} as T, meta: metaOf(response), requestId };
  if (type !== 'application/json' && type !== 'application/problem+json') return notOurs(response, base);
  let body: unknown;
  try {
    body = JSON.parse(await response.text());
  } catch (error) {
    if (error instanceof SyntaxError) return notOurs(response, base);
    throw error;
  }
  // The value is what the contract's handler answered: server and client are made from the same contract.
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
    return notOurs(response, base);
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
