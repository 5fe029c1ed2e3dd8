import type { Principal } from '#access';
import type { CommandContext, DomainError, Position } from '#kernel';
import type { CallerInputOf, Contract, OutputOf, ReplyMeta, RequestContract, StreamContract } from './contract.ts';

export type Reply<T> =
  | { readonly ok: true; readonly value: T; readonly meta: ReplyMeta }
  | { readonly ok: false; readonly error: DomainError };

/** A handler's good answer. */
export const reply = <T>(value: T, meta: ReplyMeta = {}): Reply<T> => ({ ok: true, value, meta });
/** A handler's refusal. */
export const refuse = (error: DomainError): { readonly ok: false; readonly error: DomainError } => ({
  ok: false,
  error,
});

/** Who asks and under which name: what a handler gets with `@Caller()`, and what a caller gives. */
export interface RequestContext extends CommandContext {
  readonly principal: Principal;
  /** Milliseconds since 1970 after which nobody waits for the answer any more. */
  readonly deadlineMs: number;
  /** The reader has seen the log up to here: answer at least that, wait up to 2 s, or refuse with `read/not-yet`. */
  readonly consistency?: Position;
  /** The revision of the configuration that the writer has seen; code `edge/precondition-failed` (412) when it is another. */
  readonly ifMatch?: number;
}

/** The context of a request about an organization: the guard has resolved its id and found the caller's right in it. */
export interface OrganizationContext extends RequestContext {
  readonly organizationId: string;
}

/** What a contract's handler gets with `@Caller()`: with an `organizationId` exactly where the contract names one. */
export type ContextOf<C extends Contract> = C extends { readonly organizationOf: (input: never) => string }
  ? OrganizationContext
  : RequestContext;

/** What a contract's handler returns. */
export type ReplyTo<C extends RequestContract> = Reply<OutputOf<C>>;

/**
 * Asks other contexts. A context that came in over HTTP is sent on in the person's name by the gateway only (it holds
 * the receivers' keys); a service asks in its own name with `own(cause)`, which names no person.
 */
export interface Bus {
  request<C extends RequestContract>(
    contract: C,
    input: CallerInputOf<C>,
    context: RequestContext,
  ): Promise<Reply<OutputOf<C>>>;
  /** Ends when the server's stream ends, throws a StreamRefusedError when it refuses; leaving the loop or aborting stops the producer. */
  stream<C extends StreamContract>(
    contract: C,
    input: CallerInputOf<C>,
    context: RequestContext,
    signal?: AbortSignal,
  ): AsyncIterable<OutputOf<C>>;
  /**
   * A context in this service's own name.
   * @param cause what led to it: its ids are carried on, and whether it is a dry run; a fresh command id is made where
   *   none is given
   */
  own(cause: Partial<Omit<CommandContext, 'actor'>> & { readonly timeoutMs?: number }): RequestContext;
}

export class StreamEndedError extends Error {
  constructor(readonly error: DomainError) {
    super(error.detail);
  }
}

export const BUS = Symbol('bus');
