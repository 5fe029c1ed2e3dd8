import type { IncomingHttpHeaders } from 'node:http';
import { BODY_BYTES } from '#bus/contract';
import { endConnection, LoopWatch } from '#http/connections';
import { domainError, type Clock, type Ids } from '#kernel';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions, FastifyReply, RawServerDefault } from 'fastify';
import type { Socket } from 'node:net';
import { sendProblem } from './send-reply.ts';
import { edgeError, problemOf, problemOfEdge, type EdgeError } from './problem.ts';

/** Maximum size of a URL, and of all request headers together, in bytes. */
export const URL_BYTES = 8 * 1024;
export const HEADER_BYTES = 16 * 1024;
/**
 * Limit of Node's parser: above the sum of our own limits, so that each has its own response, and below the first read
 * of a connection (32 KB), so that the request line is still available.
 */
const PARSER_BYTES = 28 * 1024;

export const urlTooLong = (): EdgeError =>
  edgeError(414, 'edge/url-too-long', `The URL exceeds ${URL_BYTES / 1024} KB.`, 'shorten its query');
export const headersTooLarge = (): EdgeError =>
  edgeError(
    431,
    'edge/headers-too-large',
    `The headers exceed ${HEADER_BYTES / 1024} KB.`,
    'send fewer or shorter headers',
  );
const notHttp = (): EdgeError => edgeError(400, 'edge/not-http', 'Malformed HTTP request.');
const stalled = () =>
  domainError(
    'edge/stalled',
    'unavailable',
    'The platform did not respond for a moment, so the request was not read.',
    {
      fix: 'try again',
      retryAfterSeconds: 1,
    },
  );
const noRoute = (): EdgeError => edgeError(404, 'edge/no-route', 'No such route.', 'see /openapi.json');

export interface AdapterOptions {
  readonly clock: Clock;
  /** Source of request IDs. */
  readonly ids: Ids;
  /**
   * Returns whether an address is a trusted reverse proxy, whose X-Forwarded-For and X-Forwarded-Proto are used.
   * Default: none.
   */
  readonly isTrustedProxy?: (address: string) => boolean;
}

/**
 * Creates Nest's Fastify adapter with the limits of the HTTP edge. Requests that reach no route (malformed HTTP, URLs
 * or headers that are too large) also receive a problem document. Pass it to NestFactory.create with `bodyParser:
 * false`.
 */
export function edgeAdapter({ clock, ids, isTrustedProxy }: AdapterOptions): FastifyAdapter {
  const watch = new LoopWatch(clock);
  const options: FastifyHttpOptions<RawServerDefault> = {
    logger: false,
    bodyLimit: BODY_BYTES,
    http: { maxHeaderSize: PARSER_BYTES, headersTimeout: 10_000, connectionsCheckingInterval: 2_000 },
    requestTimeout: 60_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false, // requests on an open connection are served until it closes
    genReqId: ({ headers }: { readonly headers: IncomingHttpHeaders }) => requestIdOf(headers, ids),
    routerOptions: {
      maxParamLength: 1_000,
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
    },
    ...(isTrustedProxy && { trustProxy: (address: string) => isTrustedProxy(address) }),
    frameworkErrors: (error, request, reply) => {
      const problem = problemOfEdge(
        request.url.length > URL_BYTES
          ? urlTooLong()
          : error.code === 'FST_ERR_BAD_URL' || error.code === 'FST_ERR_MAX_PARAM_LENGTH'
            ? noRoute()
            : notHttp(),
        request.id,
      );
      sendProblem((reply as FastifyReply).header('x-request-id', request.id), problem); // any route's reply
    },
    // Fastify declares rawPacket as its JSON form; at run time it is a Buffer.
    clientErrorHandler: (error, socket) =>
      respondMalformed(error as unknown as BrokenRequest, socket as Socket, { clock, ids, watch }),
  };
  const adapter = new FastifyAdapter(options);
  adapter.getInstance().addHook('onClose', (_instance, done) => {
    watch.stop();
    done();
  });
  return adapter;
}

/** Returns the client's request ID if it is valid, otherwise a new one. */
function requestIdOf(headers: IncomingHttpHeaders, ids: Ids): string {
  const { 'x-request-id': given } = headers;
  return typeof given === 'string' && /^[A-Za-z0-9_.-]{8,64}$/.test(given) ? given : ids.uuid();
}

interface BrokenRequest {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

/** Responds to a request that Node's parser rejected and closes the connection, so that no smuggled request is read. */
function respondMalformed(
  error: BrokenRequest,
  socket: Socket,
  { clock, ids, watch }: Pick<AdapterOptions, 'clock' | 'ids'> & { readonly watch: LoopWatch },
): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const overflow = error.code === 'HPE_HEADER_OVERFLOW';
  const inUrl = overflow && isLongFirstLine(error.rawPacket);
  const requestId = ids.uuid();
  const { status, body, headers } =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && watch.hasStalled()
      ? problemOf(stalled(), requestId) // the request may have arrived in time
      : problemOfEdge(inUrl ? urlTooLong() : overflow ? headersTooLarge() : notHttp(), requestId);
  const lines = Object.entries({
    ...headers,
    'x-request-id': requestId,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}`);
  const head = `HTTP/1.1 ${status} ${REASONS[status] ?? 'Bad Request'}\r\n${lines.join('\r\n')}`;
  endConnection(socket, `${head}\r\n\r\n${body}`, clock);
}

/** Returns whether the URL is too long. In a later packet this is unknown; most of a request is headers. */
function isLongFirstLine(packet: Buffer | undefined): boolean {
  const start = packet?.toString('latin1', 0, URL_BYTES) ?? '';
  return /^[A-Z]{3,16} /.test(start) && !start.includes('\r\n');
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
};
