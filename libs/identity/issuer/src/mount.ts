import { IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { answerThenLinger, isBodyPending, networkOf } from '#http/connections';
import type { Clock } from '#kernel';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { default as Provider } from 'oidc-provider';
import { createAttempts } from './attempts.ts';
import type { Interactions } from './interactions.ts';
import { PAGE_HEADERS, problemPage } from './pages.ts';
import { isPage, parameterProblem } from './parameters.ts';

const PREFIX = '/oidc';
const WINDOW_MS = 60_000;
const FORM_BYTES = 16 * 1_024;

/** Requests of one address within a minute. */
export interface RequestLimits {
  /** Of all kinds. */
  readonly requestsPerMinute: number;
  /** That begin a login: for a device code, or for a page without a session. */
  readonly loginsPerMinute: number;
}

/** Who sends a request, and the code that it names. */
export interface IssuerCaller {
  /** An IPv6 network of 64 bits is one address. */
  readonly address: string;
  readonly userCode?: string;
}

export interface MountOptions {
  readonly fastify: FastifyInstance;
  readonly provider: Provider;
  readonly interactions: Interactions;
  readonly publicUrl: string;
  /** Filled per request, for limits. */
  readonly callers: WeakMap<IncomingMessage, IssuerCaller>;
  readonly limits: RequestLimits;
  readonly clock: Clock;
}

/**
 * Puts the issuer below `/oidc`, in a scope of its own. Requests are counted, and their parameters read and looked at, before
 * the issuer sees them. Links are always made from the public address, whatever Host a client sent.
 */
export async function mountIssuer(options: MountOptions): Promise<void> {
  const { fastify, provider, interactions, publicUrl, callers, clock } = options;
  const { host, protocol } = new URL(publicUrl);
  const serve = provider.callback();
  const waitMs = requestCounter(options);

  /** The request as the issuer may see it; undefined when it was refused and answered. */
  const enter = async (request: FastifyRequest, reply: FastifyReply): Promise<IncomingMessage | undefined> => {
    reply.hijack();
    const { raw } = request;
    const path = pathOf(raw);
    const refuse = (status: number, refusal: Refusal) => answerRefusal(raw, reply.raw, status, refusal, clock);
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
    scope.all(`${PREFIX}/*`, async (request, reply) => {
      const entered: (IncomingMessage & { originalUrl?: string }) | undefined = await enter(request, reply);
      if (!entered) return;
      entered.originalUrl = entered.url ?? PREFIX;
      entered.url = entered.originalUrl.slice(PREFIX.length);
      await serve(entered, reply.raw);
    });
  });
}

/** Below the issuer's address, without the query. */
const pathOf = ({ url = PREFIX }: IncomingMessage): string => (url.split('?', 1)[0] ?? '').slice(PREFIX.length);

/** Counts each request before any work is done. @returns a function that says how many milliseconds to wait; 0 to continue */
function requestCounter({
  provider,
  clock,
  limits,
}: MountOptions): (address: string, request: IncomingMessage) => number {
  const requests = createAttempts({ clock, limit: limits.requestsPerMinute, windowMs: WINDOW_MS });
  const logins = createAttempts({ clock, limit: limits.loginsPerMinute, windowMs: WINDOW_MS });
  const cookie = `${provider.cookieName('session')}=`;
  return (address, request) => {
    const blockedMs = requests.begin(address);
    if (blockedMs > 0) return blockedMs;
    const path = pathOf(request);
    const beginsPage = path === '/auth' || path === '/device';
    const beginsLogin = path === '/device/auth' || (beginsPage && !request.headers.cookie?.includes(cookie));
    return beginsLogin ? logins.begin(address) : 0;
  };
}

interface Refusal {
  readonly error: string;
  readonly description: string;
  readonly retryAfterSeconds?: number;
}

const invalidRequest = (description: string): Refusal => ({ error: 'invalid_request', description });

/** Pollers of the device flow know `slow_down` and continue (RFC 8628 section 3.5). */
function tooMany(path: string, blockedMs: number): Refusal {
  const retryAfterSeconds = Math.ceil(blockedMs / 1_000);
  return {
    error: path === '/token' ? 'slow_down' : 'temporarily_unavailable',
    description: `too many requests; wait ${retryAfterSeconds} s`,
    retryAfterSeconds,
  };
}

/** Answers in the form of the endpoint, whatever of the request still comes. */
async function answerRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  { error, description, retryAfterSeconds }: Refusal,
  clock: Clock,
): Promise<undefined> {
  const asPage = isPage(pathOf(request));
  const text = Buffer.from(
    asPage
      ? problemPage('This did not work', `${description}.`)
      : JSON.stringify({ error, error_description: description }),
  );
  response.writeHead(status, {
    ...(asPage ? PAGE_HEADERS : { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }),
    'content-length': text.length,
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    ...(isBodyPending(request) && { connection: 'close' }),
  });
  if (!isBodyPending(request)) return void response.end(text);
  await pipeline(answerThenLinger(text, request, clock), response).catch(() => {}); // the client went away
}

const isForm = ({ headers }: IncomingMessage): boolean =>
  headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;

/** The body, at most 16 KiB; undefined when there is more. */
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

/** The request once more, with a body that can be read again. */
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

/** A hijacked reply is ours to end, also when something was thrown. */
async function guarded(reply: FastifyReply, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!reply.raw.headersSent) reply.raw.writeHead(500);
    reply.raw.end();
    throw error;
  }
}
