import type { Reply, ReplyMeta } from '#bus/contract';
import type { CommandContext, Decider, DomainError, Fact, Position, Result } from '#kernel';

/** Result of a command. */
export interface Committed<State, E> {
  /** State of the stream including this command's events. */
  readonly state: State;
  /** Events recorded by this command; for a repeat, by its first run; in a dry run, those that would be recorded. */
  readonly events: readonly E[];
  /** Revision of the stream's last event; -1 if it has none. */
  readonly revision: number;
  /** Position that includes this write, for later reads; the head if nothing was recorded. */
  readonly position: Position;
  /**
   * Whether the command had run before with this command ID. Then `events` and `revision` are those of the first run.
   */
  readonly repeated: boolean;
  /** Metadata of the reply. Its `revision` is compared with `If-Match`. Empty after a dry run. */
  readonly meta: ReplyMeta;
}

export interface RunOptions {
  /** Distinguishes two commands of one request on the same stream. */
  readonly step?: string;
  /**
   * Expected `revisionOf(state)` of the decider, by default the stream's revision. Otherwise the result is 412
   * `edge/precondition-failed`.
   */
  readonly ifMatch?: number;
}

export interface ReplyOptions<E extends Fact> extends RunOptions {
  /** The event that creates a resource: the response to a command that recorded it is 201. */
  readonly creates?: E['type'];
}

/** Properties of a request that the runner uses. */
export interface ReplyContext extends CommandContext {
  readonly ifMatch?: number;
}

/** Errors of the runner itself. */
export type RunnerError = DomainError<
  | 'idempotency/other-request' // 422: same key, other body
  | 'edge/precondition-failed' // 412: `ifMatch` is not the present revision
  | 'event-sourcing/contended' // 409: lost too many races
  | 'event-sourcing/deadline-exceeded' // 503: the caller no longer waits
  | 'event-sourcing/newer-release' // 503: the stream holds an event type this release does not know
  | 'event-store/chain-broken' // 503: the stream is not what was written
  | 'event-store/event-too-large' // 422
  | 'event-store/append-too-large' // 422
  | 'event-store/unavailable' // 503
  | 'platform/disk-full' // 503
>;

/** Runs commands, which append events to the log. */
export interface CommandRunner {
  /**
   * Runs a command: loads and folds `stream` (only the new events, if it is cached), decides, seals, and appends at the
   * exact revision. After a conflict, reads and decides again, at most 20 times, with jitter. If the stream has
   * recorded the command ID in the last 24 h, returns the result from the stored events instead.
   *
   * The stream is read to its end before a command is rejected. If the context has `dryRun`, nothing is appended, and
   * the result contains the events that would be recorded.
   */
  run<State, Command, E extends Fact, Refusal extends DomainError>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
    command: Command,
    context: CommandContext,
    options?: RunOptions,
  ): Promise<Result<Committed<State, E>, Refusal | RunnerError>>;

  /**
   * Runs a command for a handler: applies `dryRun` and `If-Match` of the request, and returns a reply.
   *
   * @param view returns the value of the reply
   */
  reply<State, Command, E extends Fact, Refusal extends DomainError, View>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
    command: Command,
    context: ReplyContext,
    view: (committed: Committed<State, E>) => View | Promise<View>,
    options?: ReplyOptions<E>,
  ): Promise<Reply<View>>;

  /** Folds a stream to its end, for decisions that depend on another stream of the same context. */
  load<State, Command, E extends Fact, Refusal>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
  ): Promise<
    Result<{ readonly state: State; readonly revision: number; readonly position: Position | undefined }, RunnerError>
  >;

  /** Returns the events that the command would record, or its error, regardless of `dryRun`. Nothing is appended. */
  plan<State, Command, E extends Fact, Refusal extends DomainError>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
    command: Command,
    context: CommandContext,
  ): Promise<Result<{ readonly state: State; readonly events: readonly E[] }, Refusal | RunnerError>>;

  /**
   * Returns the ID of the new object number `index`: a UUID (version 5) that is the same for each attempt of one
   * command.
   */
  newId(context: CommandContext, index: number): string;
}

/** Injection token of the CommandRunner. */
export const COMMANDS = Symbol('commands');
