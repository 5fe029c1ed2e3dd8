import { IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { answerThenLinger, isBodyPending, networkOf } from '#http/connections';
import type { Clock } from '#kernel';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { default as Provider } from 'oidc-provider';
import { createAttempts } from './attempts.ts';
import type { Interactions } from './interactions.ts';
import { PAGE_HEADERS, problemPage } from './pages.ts';
import type { PasswordForms } from './password-pages.ts';
import { isPage, parameterProblem } from './parameters.ts';

const PREFIX = '/oidc';
const WINDOW_MS = 60_000;
const FORM_BYTES = 16 * 1_024;

/** Limits on the requests of one address within a minute. */
export interface RequestLimits {
  /** All requests. */
  readonly requestsPerMinute: number;
  /** Requests that start a login: for a device code, or for a page without a session. */
  readonly loginsPerMinute: number;
}

/** The address that sent a request, and the user code in it. */
export interface IssuerCaller {
  /** An IP address; for IPv6, the network of 64 bits. */
  readonly address: string;
  readonly userCode?: string;
}

export interface MountOptions {
  readonly fastify: FastifyInstance;
  readonly provider: Provider;
  readonly interactions: Interactions;
  readonly passwords: PasswordForms;
  readonly publicUrl: string;
  /** Set for each request, and used for limits. */
  readonly callers: WeakMap<IncomingMessage, IssuerCaller>;
  readonly limits: RequestLimits;
  readonly clock: Clock;
}

/**
 * Serves the issuer below `/oidc` in a scope of its own. Requests are counted, and their parameters validated, before
 * the issuer processes them. Links always have the public address, whatever Host header the client sent.
 */
export async function mountIssuer(options: MountOptions): Promise<void> {
  const { fastify, provider, interactions, passwords, publicUrl, callers, clock } = options;
  const { host, protocol } = new URL(publicUrl);
  const serve = provider.callback();
  const waitMs = requestCounter(options);

  /** Returns the request for the issuer; undefined if it was rejected with a response. */
  const enter = async (request: FastifyRequest, reply: FastifyReply): Promise<IncomingMessage | undefined> => {
    reply.hijack();
    const { raw } = request;
    const path = pathOf(raw);
    const refuse = (status: number, refusal: Refusal) => respondRefused(raw, reply.raw, status, refusal, clock);
    const address = networkOf(request.ip);
    const blockedMs = waitMs(address, raw);
    if (blockedMs > 0) return refuse(429, tooMany(path, blockedMs));
    const inQuery = parameterProblem(path, 'query', new URL(raw.url ?? '/', publicUrl).searchParams);
    if (inQuery !== undefined) return refuse(400, invalidRequest(inQuery));
    const body = await readBody(raw);
    if (body === undefined) return refuse(413, invalidRequest(`a form has at most ${FORM_BYTES} bytes`));
    const form = new URLSearchParams(isForm(raw) ? body.toString('utf8') : '');
    const inForm = parameterProblem(path, 'form', form);
    if (inForm !== undefined) return refuse(400, invalidRequest(inForm));
    const entered = withBody(raw, body);
    const userCode = form.get('user_code');
    callers.set(entered, { address, ...(userCode !== null && { userCode }) });
    const { headers } = entered;
    headers.host = host;
    headers['x-forwarded-host'] = host;
    headers['x-forwarded-proto'] = protocol.slice(0, -1);
    headers['x-forwarded-for'] = request.ip;
    return entered;
  };

  await fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));

    scope.get(`${PREFIX}/interaction/:uid`, async (request, reply) => {
      const entered = await enter(request, reply);
      if (entered) await guarded(reply, () => interactions.show(entered, reply.raw));
    });
    scope.post(`${PREFIX}/interaction/:uid`, async (request, reply) => {
      const entered = await enter(request, reply);
      if (entered) await guarded(reply, () => interactions.submit(entered, reply.raw, networkOf(request.ip)));
    });
    for (const kind of ['invitation', 'password'] as const) {
      scope.get<{ Params: { token: string } }>(`${PREFIX}/${kind}/:token`, async (request, reply) => {
        const entered = await enter(request, reply);
        if (entered) await guarded(reply, () => passwords.show(kind, request.params.token, reply.raw));
      });
      scope.post<{ Params: { token: string } }>(`${PREFIX}/${kind}/:token`, async (request, reply) => {
        const entered = await enter(request, reply);
        if (entered) await guarded(reply, () => passwords.submit(kind, request.params.token, entered, reply.raw));
      });
    }
    scope.all(`${PREFIX}/*`, async (request, reply) => {
      const entered: (IncomingMessage & { originalUrl?: string }) | undefined = await enter(request, reply);
      if (!entered) return;
      entered.originalUrl = entered.url ?? PREFIX;
      entered.url = entered.originalUrl.slice(PREFIX.length);
      await serve(entered, reply.raw);
    });
  });
}

/** Returns the path below the issuer's address, without the query. */
const pathOf = ({ url = PREFIX }: IncomingMessage): string => (url.split('?', 1)[0] ?? '').slice(PREFIX.length);

/**
 * Counts each request before any work is done.
 *
 * @returns a function that returns the milliseconds to wait; 0 to continue
 */
function requestCounter({
  provider,
  clock,
  limits,
}: MountOptions): (address: string, request: IncomingMessage) => number {
  const requests = createAttempts({ clock, limit: limits.requestsPerMinute, windowMs: WINDOW_MS });
  const logins = createAttempts({ clock, limit: limits.loginsPerMinute, windowMs: WINDOW_MS });
  const cookie = `${provider.cookieName('session')}=`;
  return (address, request) => {
    const blockedMs = requests.start(address);
    if (blockedMs > 0) return blockedMs;
    const path = pathOf(request);
    const startsPage = path === '/auth' || path === '/device';
    const startsLogin = path === '/device/auth' || (startsPage && !request.headers.cookie?.includes(cookie));
    return startsLogin ? logins.start(address) : 0;
  };
}

interface Refusal {
  readonly error: string;
  readonly description: string;
  readonly retryAfterSeconds?: number;
}

const invalidRequest = (description: string): Refusal => ({ error: 'invalid_request', description });

/** Returns the error for too many requests. Pollers of the device flow handle `slow_down` (RFC 8628 section 3.5). */
function tooMany(path: string, blockedMs: number): Refusal {
  const retryAfterSeconds = Math.ceil(blockedMs / 1_000);
  return {
    error: path === '/token' ? 'slow_down' : 'temporarily_unavailable',
    description: `too many requests; wait ${retryAfterSeconds} s`,
    retryAfterSeconds,
  };
}

/** Sends an error in the format of the endpoint, even if the client is still sending its request. */
async function respondRefused(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  { error, description, retryAfterSeconds }: Refusal,
  clock: Clock,
): Promise<undefined> {
  const asPage = isPage(pathOf(request));
  const text = Buffer.from(
    asPage
      ? problemPage('Something went wrong', `${description}.`)
      : JSON.stringify({ error, error_description: description }),
  );
  response.writeHead(status, {
    ...(asPage ? PAGE_HEADERS : { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }),
    'content-length': text.length,
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    ...(isBodyPending(request) && { connection: 'close' }),
  });
  if (!isBodyPending(request)) return void response.end(text);
  await pipeline(answerThenLinger(text, request, clock), response).catch(() => {}); // the client has disconnected
}

const isForm = ({ headers }: IncomingMessage): boolean =>
  headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;

/** Reads the body; undefined if it is larger than 16 KiB. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > FORM_BYTES) return undefined;
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > FORM_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Returns a copy of the request whose body can be read again. */
function withBody(request: IncomingMessage, body: Buffer): IncomingMessage {
  const { method, url, rawHeaders, httpVersion, httpVersionMajor, httpVersionMinor } = request;
  const { 'transfer-encoding': _, ...headers } = request.headers;
  const copy = Object.assign(new IncomingMessage(request.socket), {
    method,
    url,
    rawHeaders,
    httpVersion,
    httpVersionMajor,
    httpVersionMinor,
    complete: true,
    headers: { ...headers, ...(body.length > 0 && { 'content-length': String(body.length) }) },
  });
  if (body.length > 0) copy.push(body);
  copy.push(null);
  return copy;
}

/** Runs `work` and ends the hijacked reply, also after an error. */
async function guarded(reply: FastifyReply, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!reply.raw.headersSent) reply.raw.writeHead(500);
    reply.raw.end();
    throw error;
  }
}
