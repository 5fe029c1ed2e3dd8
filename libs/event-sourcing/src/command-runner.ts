import type { Reply, ReplyMeta } from '#bus/contract';
import type { CommandContext, Decider, DomainError, Fact, Position, Result } from '#kernel';

export interface Committed<State, E> {
  /** The stream folded up to and with this command's events. */
  readonly state: State;
  /** What this command recorded; of the first run when it is repeated; what it would record, in a dry run. */
  readonly events: readonly E[];
  /** Revision of the stream's last event; -1 when it has none. */
  readonly revision: number;
  /** Position to wait for in order to see this write; the head when nothing was recorded. */
  readonly position: Position;
  /** The command had run before under this command id; `events` and `revision` are those of then. */
  readonly repeated: boolean;
  /** What goes beside the answer; `revision` in it is what `If-Match` is compared with. Empty after a dry run. */
  readonly meta: ReplyMeta;
}

export interface RunOptions {
  /** Tells two commands of one request on the same stream apart. */
  readonly step?: string;
  /** 412 `edge/precondition-failed` unless the decider's `revisionOf(state)` (the stream's revision where it has none) is this. */
  readonly ifMatch?: number;
}

export interface ReplyOptions<E extends Fact> extends RunOptions {
  /** The event that makes a resource: an answer to a command that recorded it is 201. */
  readonly creates?: E['type'];
}

/** What the runner takes from a request. */
export interface AnsweredContext extends CommandContext {
  readonly ifMatch?: number;
}

/** Refusals of the runner itself. */
export type RunnerError = DomainError<
  | 'idempotency/other-request' // 422: same key, other body
  | 'edge/precondition-failed' // 412: `ifMatch` is not the present revision
  | 'event-sourcing/contended' // 409: lost too many races
  | 'event-sourcing/newer-release' // 503: the stream holds an event type this release does not know
  | 'event-store/chain-broken' // 503: the stream is not what was written
  | 'event-store/event-too-large' // 422
  | 'event-store/append-too-large' // 422
  | 'event-store/unavailable' // 503
  | 'platform/disk-full' // 503
>;

export interface CommandRunner {
  /**
   * Loads and folds `stream` (the tail only, when it is remembered), decides, seals and appends at the exact revision; on a
   * conflict reads again and decides again, at most 20 times, with jitter. Looks for the command id in the stream first
   * (streams remember those of the last 24 h) and answers a repeat from the stored events.
   * A refusal is given only after the stream was read to its end. A context with `dryRun` makes it a plan: the outcome
   * says what would be recorded, and nothing is appended.
   */
  run<State, Command, E extends Fact, Refusal extends DomainError>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
    command: Command,
    context: CommandContext,
    options?: RunOptions,
  ): Promise<Result<Committed<State, E>, Refusal | RunnerError>>;

  /**
   * `run` for a handler: honours the request's `dryRun` and `If-Match`, and makes the reply of a refusal or of what was
   * committed.
   * @param view what the caller is shown
   */
  reply<State, Command, E extends Fact, Refusal extends DomainError, View>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
    command: Command,
    context: AnsweredContext,
    view: (committed: Committed<State, E>) => View | Promise<View>,
    options?: ReplyOptions<E>,
  ): Promise<Reply<View>>;

  /** The stream folded to its end, for decisions that need a fact of another stream of the same context. */
  load<State, Command, E extends Fact, Refusal>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
  ): Promise<
    Result<{ readonly state: State; readonly revision: number; readonly position: Position | undefined }, RunnerError>
  >;

  /** What the command would record, or its refusal, whatever the request asks for. Nothing is appended. */
  plan<State, Command, E extends Fact, Refusal extends DomainError>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
    command: Command,
    context: CommandContext,
  ): Promise<Result<{ readonly state: State; readonly events: readonly E[] }, Refusal | RunnerError>>;

  /** A UUID (version 5) that is the same for each try of one command: the id of the new object number `index`. */
  newId(context: CommandContext, index: number): string;
}

export const COMMANDS = Symbol('commands');
