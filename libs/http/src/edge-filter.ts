import { busErrors, described, isDomainError, DomainErrorException, StreamEndedError } from '#bus';
import { answerThenLinger, isBodyPending } from '#http/connections';
import { domainError, type DomainError } from '#kernel';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './send-reply.ts';
import { mediaType, tooLarge } from './body.ts';
import type { EdgeParts } from './edge-options.ts';
import { noteProblem } from './problem-codes.ts';
import { EdgeError, edgeError, problemOf, problemOfEdge, type Problem } from './problem.ts';

/**
 * Converts anything thrown to a problem document. A defect is logged with its cause, and the document reveals nothing.
 */
export function thrownProblem(
  thrown: unknown,
  request: FastifyRequest,
  { options, metrics, table }: EdgeParts,
): Problem {
  const known = edgeErrorOf(thrown, request, table) ?? refusalOf(thrown);
  if (known instanceof EdgeError) {
    noteProblem(metrics, request, known.error.code);
    return problemOfEdge(known, request.id);
  }
  const error = known ?? busErrors.internal();
  if (!known)
    options.logger.error(
      { requestId: request.id, route: request.routeOptions.url, err: described(thrown) },
      'a request failed',
    );
  noteProblem(metrics, request, error.code);
  return problemOf(error, request.id, options.contact);
}

/**
 * Responds with {@link thrownProblem}. If the request's body is still incoming, sends the complete response and closes
 * the connection shortly afterwards.
 */
function sendThrown(thrown: unknown, request: FastifyRequest, reply: FastifyReply, parts: EdgeParts): FastifyReply {
  const problem = thrownProblem(thrown, request, parts);
  reply.header('cache-control', 'no-store');
  if (!isBodyPending(request.raw)) return sendProblem(reply, problem);
  const text = Buffer.from(problem.body);
  const body = answerThenLinger(text, request.raw, parts.options.clock);
  return sendProblem(reply.headers({ 'content-length': text.length, connection: 'close' }), { ...problem, body });
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
      return domainError(
        'access/not-signed-in',
        'unauthenticated',
        'Authentication required: log in, or send an access key.',
        {
          fix: 'astroctl auth login',
        },
      );
    case 403:
      return domainError('access/not-permitted', 'forbidden', 'Not permitted.');
    case 413:
      return tooLarge();
    case 415:
      return mediaType();
    case 400:
    case 422:
      return edgeError(400, 'edge/not-parsable', 'The request cannot be parsed.', 'see /openapi.json');
    default:
      return undefined;
  }
}

/** Returns 405 with the allowed methods, or 404. */
export function noRoute(request: FastifyRequest, table: EdgeParts['table']): EdgeError {
  const [path = '/'] = (request.raw.url ?? '/').split('?');
  const methods = table.methodsAt(path);
  return methods.length > 0
    ? edgeError(405, 'edge/method-not-allowed', `Method not allowed; allowed: ${methods.join(', ')}.`, undefined, {
        allow: methods.join(', '),
      })
    : edgeError(404, 'edge/no-route', 'No such route.', 'see /openapi.json');
}

const codeIn = (thrown: unknown): unknown =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
const statusIn = (thrown: unknown): unknown =>
  typeof thrown === 'object' && thrown !== null && 'statusCode' in thrown ? thrown.statusCode : undefined;

/** Sends the same responses for Nest's own controllers, and for paths without a route. */
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

/** Sends problem documents for all errors in these routes. */
export function useProblems(scope: FastifyInstance, parts: EdgeParts): void {
  scope.setErrorHandler((thrown, request, reply) => sendThrown(thrown, request, reply, parts));
}
