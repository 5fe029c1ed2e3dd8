import { actorOf, type Principal } from '#access';
import { busErrors, commandNameOf, DomainErrorException, readIdOf, type Bus, type RequestContext } from '#bus';
import type { RequestContract, StreamContract } from '#bus/contract';
import { domainError, parsePosition, type Clock, type Ids, type Position } from '#kernel';
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { JSON_TYPE, sendProblem, sendReply } from './send-reply.ts';
import { problemOf } from './problem.ts';
import { thrownProblem } from './edge-filter.ts';
import type { EdgeOptions } from './edge-options.ts';
import { sendDownload } from './download.ts';
import { gather, nextOf, sendEvents } from './event-stream.ts';
import type { EdgeMetrics } from './metrics.ts';
import { preferredType } from './negotiation.ts';
import { noteProblem } from './problem-codes.ts';
import { originOf } from './origin.ts';
import { defaultOf, hasMember, idempotencyKeyOf, ifMatchOf, inputReader } from './request-input.ts';
import type { OpenStreams } from './open-streams.ts';
import { signedCursors, type SignedCursors } from './signed-cursors.ts';
import { organizationParameter, RouteTable, type ContractRoute } from './routes.ts';
import type { Turns } from './turns.ts';

/** Maximum size of a stream's items that are returned in one response. */
const GATHERED_BYTES = 16 * 1024 * 1024;
const GATHERING_MS = 30_000;

export interface HandlerParts {
  /** Aborts when the server shuts down. */
  readonly closing: AbortSignal;
  readonly metrics: EdgeMetrics;
  readonly streams: OpenStreams;
  readonly turns: Turns;
  readonly principalOf: (request: FastifyRequest) => Principal;
}

/** Creates the handler of a contract's route: it reads the request, sends it to the bus, and sends the reply. */
export function contractHandler(route: ContractRoute, options: EdgeOptions, parts: HandlerParts): RouteHandlerMethod {
  const read = inputReader(route);
  const { contract } = route;
  const { cursorKey } = options;
  return async (request, reply) => {
    const { input, dryRun } = read({
      params: request.params as Record<string, string>,
      query: request.query as Record<string, string | string[]>,
      body: request.body,
      headers: request.headers,
    });
    const cursors = signedCursors(cursorKey, route, input);
    cursors?.open();
    const principal = parts.principalOf(request);
    const isChange = route.method !== 'GET' && !dryRun;
    // Other reads record no events. Those of global admins are: their rights act through a login.
    const isRecorded = isChange || (contract.discloses !== undefined && principal.kind === 'login');
    const origin = isRecorded ? await originOf(principal, request.ip, options) : undefined;
    const context = { ...contextOf(route, request, dryRun, principal, options), ...(origin && { origin }) };
    if (contract.kind === 'stream')
      return respondStream(route, contract, input, context, { request, reply, options, parts, cursors });
    // The service validates the input with the schema, once.
    const turn = parts.turns.take(context.principal);
    const ended = turn instanceof Promise ? await turn : turn;
    const response = await (options.bus as LooseBus).request(contract, input, context).finally(ended);
    const signed = cursors?.sign(response) ?? response;
    if (signed.ok) return sendReply(reply, route, signed, pathOf(request));
    noteProblem(parts.metrics, request, signed.error.code);
    return sendProblem(reply, problemOf(signed.error, request.id, options.contact));
  };
}

/** The bus with untyped inputs from HTTP, which the service parses. */
interface LooseBus extends Omit<Bus, 'request' | 'stream'> {
  request(contract: RequestContract, input: unknown, context: RequestContext): ReturnType<Bus['request']>;
  stream(
    contract: StreamContract,
    input: unknown,
    context: RequestContext,
    signal: AbortSignal,
  ): AsyncIterable<unknown>;
}

const pathOf = ({ raw }: FastifyRequest): string => (raw.url ?? '/').split('?', 1)[0] ?? '/';

function contextOf(
  { contract, method }: ContractRoute,
  request: FastifyRequest,
  dryRun: boolean,
  principal: Principal,
  { clock, ids }: { readonly clock: Clock; readonly ids: Ids },
): RequestContext {
  const { 'idempotency-key': keyHeader, 'if-match': ifMatchHeader, consistency: consistencyHeader } = request.headers;
  const ifMatch = method === 'GET' ? undefined : ifMatchOf(contract, ifMatchHeader);
  const consistency = consistencyHeader === undefined ? undefined : positionIn(consistencyHeader);
  // The service that parses the input appends its digest to the command ID.
  const commandId =
    method === 'GET'
      ? readIdOf(ids.uuid())
      : commandNameOf(
          principal,
          dryRun ? `${contract.subject} dry run` : contract.subject,
          idempotencyKeyOf(keyHeader) ?? ids.uuid(),
        );
  return {
    principal,
    actor: actorOf(principal, false),
    commandId,
    correlationId: request.id,
    deadlineMs: clock.now() + contract.timeoutMs,
    ...(consistency !== undefined && { consistency }),
    ...(ifMatch !== undefined && { ifMatch }),
    ...(dryRun && { dryRun: true }),
  };
}

function positionIn(header: string | string[]): Position {
  const parsed = parsePosition(String(header));
  if (!parsed.ok) throw new DomainErrorException(parsed.error);
  return parsed.value;
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly options: EdgeOptions;
  readonly parts: HandlerParts;
  readonly cursors: SignedCursors | undefined;
}

/**
 * Sends server-sent events if they are requested or the stream follows, a download in the requested format, or all items
 * in one response.
 */
async function respondStream(
  route: ContractRoute,
  contract: StreamContract,
  input: Record<string, unknown>,
  context: RequestContext,
  { request, reply, options, parts, cursors }: Exchange,
): Promise<FastifyReply | void> {
  const { 'last-event-id': lastEventId, accept } = request.headers;
  if (typeof lastEventId === 'string' && lastEventId !== '' && hasMember(contract, 'after'))
    input['after'] = lastEventId;
  // The service parses the input and rejects it before the first item, if invalid.
  const follows = (input['follow'] ?? defaultOf(contract, 'follow')) === true;
  // A stream with cursors says itself whether there is a next page.
  const pageItems = cursors ? Number.NaN : Number(input['limit'] ?? defaultOf(contract, 'limit'));
  const wantsEvents = preferredType(accept, ['application/json', 'text/event-stream']) === 'text/event-stream';

  const closed = parts.streams.open(context.principal, await organizationIdOf(route, request, options));
  const left = new AbortController();
  const leave = (): void => left.abort();
  request.raw.socket.once('close', leave);
  parts.closing.addEventListener('abort', leave, { once: true });
  if (parts.closing.aborted || request.raw.socket.destroyed) leave();
  const sent = (options.bus as LooseBus).stream(contract, input, context, left.signal);
  const items = cursors ? withSignedNext(sent, cursors) : sent;
  const download = contract.downloads?.[String(input['format'] ?? defaultOf(contract, 'format'))];
  try {
    if (!wantsEvents && !follows && !download)
      return await respondGathered(items, left, pageItems, { request, reply, options, parts, cursors });
    reply.hijack();
    parts.metrics.openStreams.inc();
    try {
      const headers = Object.fromEntries(
        Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]),
      );
      const noTable = new RouteTable([]); // an error in a stream is never a missing route
      const stream = {
        items,
        response: reply.raw,
        headers,
        signal: left.signal,
        problemOf: (thrown: unknown) =>
          thrownProblem(thrown, request, { options, metrics: parts.metrics, table: noTable }),
      };
      if (download && !wantsEvents) await sendDownload({ ...stream, format: download });
      else await sendEvents({ ...stream, clock: options.clock });
    } finally {
      parts.metrics.openStreams.dec();
    }
  } finally {
    closed();
    request.raw.socket.off('close', leave);
    parts.closing.removeEventListener('abort', leave);
  }
}

/** Signs the cursor of the next page, with which a page of a stream may end. */
async function* withSignedNext(items: AsyncIterable<unknown>, cursors: SignedCursors): AsyncGenerator<unknown> {
  for await (const item of items) {
    const next = nextOf(item);
    yield next === undefined ? item : { next: cursors.signed(next) };
  }
}

/** Returns the ID of the stream's organization; undefined if the path contains none, or it does not exist. */
async function organizationIdOf(
  route: ContractRoute,
  { params }: FastifyRequest,
  { access }: EdgeOptions,
): Promise<string | undefined> {
  const parameter = organizationParameter(route);
  const named = parameter && (params as Record<string, string>)[parameter];
  if (named === undefined) return undefined;
  const directory = await access.current();
  if (!directory.ok) throw new DomainErrorException(directory.error);
  return directory.value.organization(named)?.id;
}

async function respondGathered(
  items: AsyncIterable<unknown>,
  left: AbortController,
  pageItems: number,
  { reply, options }: Exchange,
): Promise<FastifyReply> {
  let late = false;
  const timer = options.clock.timer(GATHERING_MS, () => {
    late = true;
    left.abort();
  });
  const gathered = await gather(items, GATHERED_BYTES, pageItems).finally(() => timer.cancel());
  if (late) throw new DomainErrorException(busErrors.timeout('the stream', GATHERING_MS));
  if (gathered === undefined) {
    throw new DomainErrorException(
      domainError('edge/answer-too-large', 'invalid', `The response would exceed ${GATHERED_BYTES / 1024 / 1024} MB.`, {
        fix: 'request less, or use server-sent events: follow=true',
      }),
    );
  }
  return reply.header('content-type', JSON_TYPE).send(gathered);
}
