import { ApiStreamError, createApiClient, type ApiCallOptions } from '#api-client';
import type { CallerInputOf, OutputOf, ReplyMeta, RequestContract, StreamContract } from '#bus/contract';
import { sequenceOf, storeOf, type DomainError, type Position } from '#kernel';
import { browserClock, browserIds } from './browser.ts';
import { loginAgain } from './session.ts';

const TIMEOUT_MS = 30_000;

/** Client of the platform that serves this page. The session's cookie is the credential. */
export const client = createApiClient({
  baseUrl: location.origin,
  clock: browserClock,
  ids: browserIds,
  timeoutMs: TIMEOUT_MS,
});

/** A request that the platform refused, or that did not reach it. */
export class ProblemError extends Error {
  constructor(
    readonly problem: DomainError,
    /** HTTP status; absent if there was no response. */
    readonly status: number | undefined,
    /** Request ID, which `astroctl` prints as `Ref`. */
    readonly requestId: string | undefined,
  ) {
    super(problem.detail);
  }
}

let seen: Position | undefined;

/** Requires later reads of this tab to include a position. */
export function remember(position: string | undefined): void {
  if (position === undefined) return;
  const next = position as Position;
  if (seen === undefined || storeOf(next) !== storeOf(seen) || sequenceOf(next) > sequenceOf(seen)) seen = next;
}

/** Forgets the position, which a restored platform does not have. */
export function forgetPosition(): void {
  seen = undefined;
}

/**
 * Sends a request. If the session has ended, or a recent login is needed, the person is asked to log in, and the request
 * is sent once more.
 *
 * @throws ProblemError
 */
export async function send<C extends RequestContract>(
  contract: C,
  input: CallerInputOf<C>,
  options: ApiCallOptions = {},
): Promise<{ readonly value: OutputOf<C>; readonly meta: ReplyMeta }> {
  const isRead = contract.route?.startsWith('GET ') ?? false;
  const attempt = () =>
    client.call(contract, input, { ...(isRead && seen !== undefined && { consistency: seen }), ...options });
  let reply = await attempt();
  if (!reply.ok) {
    const reason = loginNeeded(reply.error, reply.status);
    if (reason && (await loginAgain(reason))) reply = await attempt();
  }
  if (!reply.ok) throw new ProblemError(reply.error, reply.status, reply.requestId);
  remember(reply.meta.position);
  return reply;
}

/**
 * Receives the items of a stream, until it ends or the signal aborts. If a login is needed before the first item, the
 * person is asked to log in, and the stream is requested once more.
 *
 * @throws ProblemError
 */
export async function* receive<C extends StreamContract>(
  contract: C,
  input: CallerInputOf<C>,
  signal: AbortSignal,
): AsyncGenerator<OutputOf<C>> {
  let mayAsk = true;
  for (;;) {
    try {
      const options = seen === undefined ? {} : { consistency: seen };
      for await (const item of client.stream(contract, input, signal, options)) {
        mayAsk = false;
        yield item;
      }
      return;
    } catch (thrown) {
      if (!(thrown instanceof ApiStreamError)) throw thrown;
      const { error, status, requestId } = thrown;
      const reason = mayAsk ? loginNeeded(error, status) : undefined;
      mayAsk = false;
      if (!reason || !(await loginAgain(reason))) throw new ProblemError(error, status, requestId);
    }
  }
}

function loginNeeded({ code }: DomainError, status: number | undefined): 'ended' | 'too-old' | undefined {
  if (code === 'login/too-old') return 'too-old';
  return status === 401 ? 'ended' : undefined;
}
