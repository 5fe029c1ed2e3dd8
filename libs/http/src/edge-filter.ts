import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { busErrors, described, isDomainError, DomainErrorException, StreamEndedError } from '#bus';
import { domainError, pause, type Clock, type DomainError } from '#kernel';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './answer.ts';
import { mediaType, tooLarge } from './body.ts';
import type { EdgeParts } from './edge-options.ts';
import { EdgeError, edgeError, problemOf, problemOfEdge, type Problem } from './problem.ts';

/** Whatever was thrown on the way to an answer, as a problem document. Defects are logged with their cause and tell nothing. */
export function thrownProblem(
  thrown: unknown,
  request: FastifyRequest,
  { options, metrics, table }: EdgeParts,
): Problem {
  const known = edgeErrorOf(thrown, request, table) ?? refusalOf(thrown);
  if (known instanceof EdgeError) {
    metrics.problem(known.error.code);
    return problemOfEdge(known, request.id);
  }
  const error = known ?? busErrors.internal();
  if (!known)
    options.logger.error(
      { requestId: request.id, route: request.routeOptions.url, err: described(thrown) },
      'a request failed',
    );
  metrics.problem(error.code);
  return problemOf(error, request.id);
}

/** How long the rest of a body that is too large is thrown away. */
const LINGER_MS = 5_000;

/**
 * Answers with {@link thrownProblem}. The refusal of a body that still comes is sent whole, and its connection closed a little
 * later: one that is closed on bytes that nobody read takes the answer with it.
 */
export function sendThrown(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: EdgeParts,
): FastifyReply {
  const problem = thrownProblem(thrown, request, parts);
  reply.header('cache-control', 'no-store');
  if (problem.status !== 413 || request.raw.complete) return sendProblem(reply, problem);
  const text = Buffer.from(problem.body);
  const body = Readable.from(inTwoSteps(text, request.raw, parts.options.clock), { objectMode: false });
  return sendProblem(reply.header('content-length', text.length), { ...problem, body });
}

async function* inTwoSteps(text: Buffer, request: IncomingMessage, clock: Clock): AsyncIterable<Buffer> {
  yield text;
  const ended = new AbortController();
  request.once('close', () => ended.abort()).resume();
  await pause(clock, LINGER_MS, ended.signal);
}

function refusalOf(thrown: unknown): DomainError | undefined {
  if (thrown instanceof DomainErrorException || thrown instanceof StreamEndedError) return thrown.error;
  return thrown instanceof Error && 'error' in thrown && isDomainError(thrown.error) ? thrown.error : undefined;
}

function edgeErrorOf(
  thrown: unknown,
  request: FastifyRequest,
  table: EdgeParts['table'],
): EdgeError | DomainError | undefined {
  if (thrown instanceof EdgeError) return thrown;
  const status = thrown instanceof HttpException ? thrown.getStatus() : statusIn(thrown);
  switch (codeIn(thrown)) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_INVALID_TYPE':
      return mediaType();
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return tooLarge();
  }
  switch (status) {
    case 404:
      return noRoute(request, table);
    case 401:
      return domainError('access/not-signed-in', 'unauthenticated', 'This needs a login or an access key.', {
        fix: 'astroctl auth login',
      });
    case 403:
      return domainError('access/not-permitted', 'forbidden', 'This is not permitted.');
    case 413:
      return tooLarge();
    case 415:
      return mediaType();
    case 400:
    case 422:
      return edgeError(
        400,
        'edge/not-parsable',
        'The request cannot be understood.',
        'see /openapi.json for what this address takes',
      );
    default:
      return undefined;
  }
}

/** 405 with the methods that are there, or 404. */
function noRoute(request: FastifyRequest, table: EdgeParts['table']): EdgeError {
  const [path = '/'] = (request.raw.url ?? '/').split('?');
  const methods = table.methodsAt(path);
  return methods.length > 0
    ? edgeError(405, 'edge/method-not-allowed', `This address takes ${methods.join(', ')}.`, undefined, {
        allow: methods.join(', '),
      })
    : edgeError(404, 'edge/no-route', 'Nothing is at this address.', 'see /openapi.json');
}

const codeIn = (thrown: unknown): unknown =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
const statusIn = (thrown: unknown): unknown =>
  typeof thrown === 'object' && thrown !== null && 'statusCode' in thrown ? thrown.statusCode : undefined;

/** The same answers for Nest's own controllers, and for paths that nobody serves. */
@Catch()
export class EdgeFilter implements ExceptionFilter {
  constructor(private readonly parts: EdgeParts) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw thrown;
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    if (!reply.sent) sendThrown(thrown, http.getRequest<FastifyRequest>(), reply, this.parts);
  }
}
