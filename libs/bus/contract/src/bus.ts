import type { Principal } from '#access';
import type { Authorization, CommandContext, DomainError, Position } from '#kernel';
import type { CallerInputOf, Contract, OutputOf, ReplyMeta, RequestContract, StreamContract } from './contract.ts';

/** The reply to a request: a value with metadata, or an error. */
export type Reply<T> =
  | { readonly ok: true; readonly value: T; readonly meta: ReplyMeta }
  | { readonly ok: false; readonly error: DomainError };

/** Returns a successful reply. */
export const reply = <T>(value: T, meta: ReplyMeta = {}): Reply<T> => ({ ok: true, value, meta });
/** Returns an error reply. */
export const refuse = (error: DomainError): { readonly ok: false; readonly error: DomainError } => ({
  ok: false,
  error,
});

/** The context of a request: who sends it, with which command ID. Handlers receive it with `@Caller()`. */
export interface RequestContext extends CommandContext {
  readonly principal: Principal;
  /** Milliseconds since 1970 after which the caller does not wait for the reply. */
  readonly deadlineMs: number;
  /** Position that the reply must include. The handler waits up to 2 s for it, or returns `read/not-yet`. */
  readonly consistency?: Position;
  /** Revision that the writer has seen. If the current one differs, the result is `edge/precondition-failed` (412). */
  readonly ifMatch?: number;
  /** From where a person or key has sent the request. The guard of the service adds it to `by`. */
  readonly origin?: Origin;
}

export type Origin = Pick<Authorization, 'network' | 'address'>;

/**
 * The context of a request for an organization. The guard has resolved its ID and checked the caller's permission in
 * it.
 */
export interface OrganizationContext extends RequestContext {
  readonly organizationId: string;
}

/** The context that a contract's handler receives: with an `organizationId` if the contract has an organization. */
export type ContextOf<C extends Contract> = C extends { readonly organizationOf: (input: never) => string }
  ? OrganizationContext
  : RequestContext;

/** The reply that a contract's handler returns. */
export type ReplyTo<C extends RequestContract> = Reply<OutputOf<C>>;

/**
 * Sends requests to other contexts. Only the gateway, which has the receivers' keys, can send a request in the name of
 * a person. A service sends requests in its own name with `own(cause)`, which contains no person.
 */
export interface Bus {
  request<C extends RequestContract>(
    contract: C,
    input: CallerInputOf<C>,
    context: RequestContext,
  ): Promise<Reply<OutputOf<C>>>;
  /**
   * Returns the items of a stream. Ends when the server's stream ends; throws a StreamRefusedError for an error.
   * Leaving the loop or aborting stops the producer.
   */
  stream<C extends StreamContract>(
    contract: C,
    input: CallerInputOf<C>,
    context: RequestContext,
    signal?: AbortSignal,
  ): AsyncIterable<OutputOf<C>>;
  /**
   * Returns a context in this service's own name.
   *
   * @param cause the cause of the request, whose IDs and `dryRun` are used. Default command ID: a new one.
   */
  own(cause: Partial<Omit<CommandContext, 'actor'>> & { readonly timeoutMs?: number }): RequestContext;
}

export class StreamEndedError extends Error {
  constructor(readonly error: DomainError) {
    super(error.detail);
  }
}

/** Injection token of the Bus. */
export const BUS = Symbol('bus');
