import type { Reply, ReplyMeta } from '#bus/contract';
import { EventStoreUnavailableError, sealEvents, type EventStore, type SealedEvent } from '#event-store';
import {
  err,
  ok,
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
  AnsweredContext,
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
import { oneAtATime } from './one-at-a-time.ts';
import { haltRefusal, runnerErrors } from './runner-errors.ts';
import { SureAppend } from './sure-append.ts';

export interface CommandRunnerOptions {
  readonly eventStore: EventStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** Told of damaged streams; one of its own when left out. */
  readonly health?: LogHealth;
  /** Called with the position of each append that was acknowledged. */
  readonly onAppended?: (position: Position) => void;
  /** Streams kept in memory for each decider; 5,000 when left out. */
  readonly rememberedStreams?: number;
}

/** Lost races before a command is refused. */
const CONFLICTS = 20;
/** Milliseconds that a command waits for others of this process on the same stream. */
const PATIENCE_MS = 5_000;

/** The runner over an event store. Commands of one process on one stream run one after the other; others compete. */
export const createCommandRunner = (options: CommandRunnerOptions): CommandRunner => new EventCommandRunner(options);

/** One command on its way. */
interface Running<State, Command, E extends Fact, Refusal> {
  readonly decider: Decider<State, Command, E, Refusal>;
  readonly stream: string;
  readonly command: Command;
  readonly context: CommandContext;
  readonly options: RunOptions;
}

class EventCommandRunner implements CommandRunner {
  private readonly health: LogHealth;
  private readonly appends: SureAppend;
  private readonly inTurn = oneAtATime();
  private readonly foldedByDecider = new WeakMap<object, unknown>();

  constructor(private readonly options: CommandRunnerOptions) {
    this.health = options.health ?? new LogHealth(options.log);
    this.appends = new SureAppend(options);
  }

  async run<State, Command, E extends Fact, Refusal extends DomainError>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
    command: Command,
    context: CommandContext,
    options: RunOptions = {},
  ): Promise<Result<Committed<State, E>, Refusal | RunnerError>> {
    const { clock } = this.options;
    const asked = clock.monotonic();
    return this.inTurn(stream, async () => {
      if (clock.monotonic() - asked > PATIENCE_MS) return err(runnerErrors.contended());
      return this.decideAndAppend({ decider, stream, command, context, options }).catch((error: unknown) =>
        this.refusalFor(error),
      );
    });
  }

  async reply<State, Command, E extends Fact, Refusal extends DomainError, View>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
    command: Command,
    context: AnsweredContext,
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
    const damage = this.health.damageOf(stream); // found by whoever has read it again; what is remembered was read before
    if (damage) throw damage;
    const known = this.foldedByDecider.get(decider);
    if (known) return known as FoldedStreams<State, E>; // put there by this very method for this very decider
    const made = new FoldedStreams<State, E>(decider, this.options.eventStore, this.options.rememberedStreams);
    this.foldedByDecider.set(decider, made);
    return made;
  }

  /** What was thrown, as the refusal that it stands for; defects are passed on as they are. */
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
    const tried = new Set<string>(); // hashes of what this run has tried to append
    const remembered = streams.peek(stream);
    let folded = remembered ?? (await streams.toEnd(stream));
    let isAtEnd = remembered === undefined;

    for (let conflicts = 0; ;) {
      const earlier = folded.commands.find(context.commandId, idOf, clock.now());
      if (earlier.is === 'other-request') return err(runnerErrors.otherRequest());
      if (earlier.is === 'repeat') return committed(await this.again(streams, stream, earlier, tried));

      const decision = decide(running, folded);
      if (decision.ok && decision.value.length > 0 && !context.dryRun) {
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
          await this.appends.giveWay(conflicts);
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

  /** The answer of a command that has run before, made from what it recorded. */
  private async again<State, E extends Fact>(
    streams: FoldedStreams<State, E>,
    stream: string,
    { from, to }: { readonly from: number; readonly to: number },
    tried: ReadonlySet<string>,
  ): Promise<Omit<Committed<State, E>, 'meta'>> {
    const { folded, stored, events } = await streams.upTo(stream, from, to);
    const isOwn = stored.some(({ hash }) => tried.has(hash)); // this run's own append, whose answer was lost
    return {
      state: folded.state,
      events,
      revision: to,
      position: folded.position ?? (await this.options.eventStore.head()),
      repeated: !isOwn,
    };
  }
}

/** What the decider says about the stream as it was folded; a refusal where the writer has seen another revision. */
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

/** The events of a decision as the stream will hold them: nothing of them changes over retries. */
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
  const recordedAt = now > folded.recordedAt ? now : folded.recordedAt; // a clock that was set back does not turn a stream around
  const { actor, commandId, correlationId, causationId = commandId, organizationId } = context;
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
    data,
  }));
  return sealEvents(unsealed, folded.hash);
}

/** What the log of the process says of a command: ids and types, since names of streams may be names that people chose. */
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

/** What `If-Match` is compared with. */
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
