import type { Reply, ReplyMeta } from '#bus/contract';
import { EventStoreUnavailableError, sealEvents, type EventStore, type SealedEvent } from '#event-store';
import {
  err,
  ok,
  oneAtATime,
  type Clock,
  type CommandContext,
  type Decider,
  type DomainError,
  type Fact,
  type Ids,
  type Logger,
  type Position,
  type Result,
} from '#kernel';
import type {
  ReplyContext,
  CommandRunner,
  Committed,
  ReplyOptions,
  RunnerError,
  RunOptions,
} from './command-runner.ts';
import { eventId, objectId } from './derived-ids.ts';
import { isHalt } from './event-reader.ts';
import { FoldedStreams, type Folded } from './folded-streams.ts';
import { LogHealth } from './log-health.ts';
import { haltRefusal, runnerErrors } from './runner-errors.ts';
import { ReliableAppend } from './reliable-append.ts';
import { withAuthorization } from './stored-authorization.ts';

export interface CommandRunnerOptions {
  readonly eventStore: EventStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** Records damaged streams. Default: a new one. */
  readonly health?: LogHealth;
  /** Called with the position of each acknowledged append. */
  readonly onAppended?: (position: Position) => void;
  /** Maximum number of cached streams of each decider. Default: 5,000. */
  readonly rememberedStreams?: number;
}

/** Conflicts after which a command is rejected. */
const CONFLICTS = 20;
/** Milliseconds that a command waits for other commands of this process on the same stream. */
const MAX_WAIT_MS = 5_000;

/** Creates a runner. Commands of one process on one stream run one after the other; processes compete. */
export const createCommandRunner = (options: CommandRunnerOptions): CommandRunner => new EventCommandRunner(options);

/** A running command. */
interface Running<State, Command, E extends Fact, Refusal> {
  readonly decider: Decider<State, Command, E, Refusal>;
  readonly stream: string;
  readonly command: Command;
  readonly context: CommandContext;
  readonly options: RunOptions;
}

class EventCommandRunner implements CommandRunner {
  private readonly health: LogHealth;
  private readonly appends: ReliableAppend;
  private readonly serially = oneAtATime();
  private readonly foldedByDecider = new WeakMap<object, unknown>();

  constructor(private readonly options: CommandRunnerOptions) {
    this.health = options.health ?? new LogHealth(options.log);
    this.appends = new ReliableAppend(options);
  }

  async run<State, Command, E extends Fact, Refusal extends DomainError>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
    command: Command,
    context: CommandContext,
    options: RunOptions = {},
  ): Promise<Result<Committed<State, E>, Refusal | RunnerError>> {
    const { clock } = this.options;
    const startedMs = clock.monotonic();
    return this.serially(stream, async () => {
      if (clock.monotonic() - startedMs > MAX_WAIT_MS) return err(runnerErrors.contended());
      return this.decideAndAppend({ decider, stream, command, context, options }).catch((error: unknown) =>
        this.refusalFor(error),
      );
    });
  }

  async reply<State, Command, E extends Fact, Refusal extends DomainError, View>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
    command: Command,
    context: ReplyContext,
    view: (committed: Committed<State, E>) => View | Promise<View>,
    { creates, ...runOptions }: ReplyOptions<E> = {},
  ): Promise<Reply<View>> {
    const { ifMatch } = context;
    const outcome = await this.run(decider, stream, command, context, {
      ...(ifMatch !== undefined && { ifMatch }),
      ...runOptions,
    });
    if (!outcome.ok) return outcome;
    const { events, meta } = outcome.value;
    const created = !context.dryRun && events.some(({ type }) => type === creates);
    return { ok: true, value: await view(outcome.value), meta: created ? { ...meta, created } : meta };
  }

  async load<State, Command, E extends Fact, Refusal>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
  ): Promise<
    Result<{ readonly state: State; readonly revision: number; readonly position: Position | undefined }, RunnerError>
  > {
    try {
      const { state, revision, position } = await this.streamsOf(decider, stream).toEnd(stream);
      return ok({ state, revision, position });
    } catch (error) {
      return this.refusalFor(error);
    }
  }

  async plan<State, Command, E extends Fact, Refusal extends DomainError>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
    command: Command,
    context: CommandContext,
  ): Promise<Result<{ readonly state: State; readonly events: readonly E[] }, Refusal | RunnerError>> {
    try {
      const { state } = await this.streamsOf(decider, stream).toEnd(stream);
      const decision = decider.decide(command, state, context.actor);
      if (!decision.ok) return decision;
      return ok({ state: foldedWith(decider, state, decision.value), events: decision.value });
    } catch (error) {
      return this.refusalFor(error);
    }
  }

  newId(context: CommandContext, index: number): string {
    return objectId(context, index);
  }

  private streamsOf<State, Command, E extends Fact, Refusal>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
  ): FoldedStreams<State, E> {
    const damage = this.health.damageOf(stream); // found by a reader after the stream was cached
    if (damage) throw damage;
    const known = this.foldedByDecider.get(decider);
    if (known) return known as FoldedStreams<State, E>; // stored by this method for this decider
    const made = new FoldedStreams<State, E>(decider, this.options.eventStore, this.options.rememberedStreams);
    this.foldedByDecider.set(decider, made);
    return made;
  }

  /** Returns the error for what was thrown. Defects are rethrown. */
  private refusalFor(error: unknown): { readonly ok: false; readonly error: RunnerError } {
    if (error instanceof EventStoreUnavailableError) {
      this.options.log.warn({ cause: error.message }, 'event store unavailable');
      return err(error.error);
    }
    if (isHalt(error)) {
      this.health.refuse(error);
      return err(haltRefusal(error));
    }
    throw error;
  }

  private async decideAndAppend<State, Command, E extends Fact, Refusal extends DomainError>(
    running: Running<State, Command, E, Refusal>,
  ): Promise<Result<Committed<State, E>, Refusal | RunnerError>> {
    const { eventStore, clock, log, onAppended } = this.options;
    const { decider, stream, context } = running;
    const { step = '' } = running.options;
    const streams = this.streamsOf(decider, stream);
    const committed = (outcome: Omit<Committed<State, E>, 'meta'>) =>
      ok({ ...outcome, meta: metaOf(decider, outcome) });
    const idOf = (index: number) => eventId(context.commandId, stream, step, index);
    const tried = new Set<string>(); // hashes of the events that this run has tried to append
    const remembered = streams.peek(stream);
    let folded = remembered ?? (await streams.toEnd(stream));
    let isAtEnd = remembered === undefined;

    for (let conflicts = 0; ;) {
      const earlier = folded.commands.find(context.commandId, idOf, clock.now());
      if (earlier.is === 'other-request') return err(runnerErrors.otherRequest());
      if (earlier.is === 'repeat') return committed(await this.again(streams, stream, earlier, tried));

      const decision = decide(running, folded);
      if (decision.ok && decision.value.length > 0 && !context.dryRun) {
        // A process that was frozen would otherwise overwrite what was acknowledged in the meantime.
        if (context.deadlineMs !== undefined && clock.now() > context.deadlineMs)
          return err(runnerErrors.deadlineExceeded());
        const sealed = seal({ stream, events: decision.value, folded, context, nowMs: clock.now(), idOf });
        sealed.forEach(({ hash }) => tried.add(hash));
        const outcome = await this.appends.append(stream, sealed, folded.revision);
        if (outcome.ok) {
          folded.commands.forget(clock.now());
          const { state } = streams.appended(stream, folded, sealed, decision.value, outcome.value.position);
          onAppended?.(outcome.value.position);
          log.info(recordedLine(sealed, context, outcome.value.position), 'recorded');
          return committed({ state, events: decision.value, ...outcome.value, repeated: false });
        }
        if (outcome.error.code === 'event-store/revision-conflict') {
          conflicts += 1;
          if (conflicts > CONFLICTS) return err(runnerErrors.contended());
          await this.appends.backOff(conflicts);
        } else if (isAtEnd) return err(outcome.error);
      } else if (isAtEnd) {
        if (!decision.ok) return decision;
        const outcome = {
          state: foldedWith(decider, folded.state, decision.value),
          events: decision.value,
          revision: folded.revision,
          position: await eventStore.head(),
          repeated: false,
        };
        return context.dryRun ? ok({ ...outcome, meta: {} }) : committed(outcome);
      }
      folded = await streams.toEnd(stream);
      isAtEnd = true;
    }
  }

  /** Returns the result of a command that has run before, from its recorded events. */
  private async again<State, E extends Fact>(
    streams: FoldedStreams<State, E>,
    stream: string,
    { from, to }: { readonly from: number; readonly to: number },
    tried: ReadonlySet<string>,
  ): Promise<Omit<Committed<State, E>, 'meta'>> {
    const { folded, stored, events } = await streams.upTo(stream, from, to);
    const isOwn = stored.some(({ hash }) => tried.has(hash)); // appended by this run, whose acknowledgement was lost
    return {
      state: folded.state,
      events,
      revision: to,
      position: folded.position ?? (await this.options.eventStore.head()),
      repeated: !isOwn,
    };
  }
}

/**
 * Runs the decider on the folded stream, or returns an error if the stream has another revision than the writer has
 * seen.
 */
function decide<State, Command, E extends Fact, Refusal extends DomainError>(
  { decider, command, context, options: { ifMatch } }: Running<State, Command, E, Refusal>,
  folded: Folded<State>,
): Result<readonly E[], Refusal | RunnerError> {
  const revision = revisionIn(decider, folded);
  return ifMatch === undefined || ifMatch === revision
    ? decider.decide(command, folded.state, context.actor)
    : err(runnerErrors.preconditionFailed(ifMatch, revision));
}

const foldedWith = <State, E extends Fact>(
  { evolve }: Pick<Decider<State, never, E, never>, 'evolve'>,
  state: State,
  events: readonly E[],
): State => events.reduce((folded, event) => evolve(folded, event), state);

/** Seals the events of a decision. They are identical in all retries. */
function seal({
  stream,
  events,
  folded,
  context,
  nowMs,
  idOf,
}: {
  readonly stream: string;
  readonly events: readonly Fact[];
  readonly folded: Folded<unknown>;
  readonly context: CommandContext;
  readonly nowMs: number;
  readonly idOf: (index: number) => string;
}): readonly SealedEvent[] {
  const now = new Date(nowMs).toISOString();
  const recordedAt = now > folded.recordedAt ? now : folded.recordedAt; // never decreases, even if the clock does
  const { actor, commandId, correlationId, causationId = commandId, organizationId, by } = context;
  const unsealed = events.map(({ type, data }, index) => ({
    id: idOf(index),
    type,
    stream,
    revision: folded.revision + 1 + index,
    recordedAt,
    actor: actor.id,
    ...(organizationId !== undefined && { organizationId }),
    commandId,
    correlationId,
    causationId,
    data: withAuthorization(data, by),
  }));
  return sealEvents(unsealed, folded.hash);
}

/** Returns the log line of a command. It has only IDs and types, because streams may be named by users. */
const recordedLine = (
  events: readonly SealedEvent[],
  { actor, organizationId, correlationId }: CommandContext,
  position: Position,
): object => ({
  events: events.map(({ type }) => type),
  actor: actor.id,
  ...(organizationId !== undefined && { organizationId }),
  position,
  requestId: correlationId,
});

/** Returns the revision to compare with `If-Match`. */
const revisionIn = <State>(
  decider: Pick<Decider<State, never, never, never>, 'revisionOf'>,
  { state, revision }: Pick<Committed<State, never>, 'state' | 'revision'>,
): number => (decider.revisionOf ? decider.revisionOf(state) : revision);

function metaOf<State>(
  decider: Pick<Decider<State, never, never, never>, 'revisionOf'>,
  committed: Pick<Committed<State, never>, 'state' | 'revision' | 'position' | 'repeated'>,
): ReplyMeta {
  const { position, repeated } = committed;
  const revision = revisionIn(decider, committed);
  return { position, ...(revision >= 0 && { revision }), ...(repeated && { repeated }) };
}
