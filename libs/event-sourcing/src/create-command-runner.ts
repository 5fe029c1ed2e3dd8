import type { ReplyMeta } from '#bus/contract';
import {
  EventStoreUnavailableError,
  isSameEvent,
  sealEvents,
  type AppendError,
  type Appended,
  type EventStore,
  type SealedEvent,
} from '#event-store';
import {
  chance,
  err,
  ok,
  pause,
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
import type { CommandRunner, Committed, RunnerError, RunOptions } from './command-runner.ts';
import { eventId, objectId } from './derived-ids.ts';
import { isHalt } from './event-reader.ts';
import { FoldedStreams, type Folded } from './folded-streams.ts';
import { LogHealth } from './log-health.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { haltRefusal, runnerErrors } from './runner-errors.ts';

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
/** Pauses, in milliseconds, before an append whose outcome is unknown is tried again. */
const RETRY_AFTER_MS = [20, 80, 320] as const;
/** Milliseconds that a command waits for others of this process on the same stream. */
const PATIENCE_MS = 5_000;

/** The runner over an event store. Commands of one process on one stream run one after the other; others compete. */
export function createCommandRunner(options: CommandRunnerOptions): CommandRunner {
  const { eventStore, clock, ids, log, health = new LogHealth(log) } = options;
  const inTurn = oneAtATime();
  const foldedByDecider = new WeakMap<object, unknown>();

  function streamsOf<State, Command, E extends Fact, Refusal>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
  ): FoldedStreams<State, E> {
    const damage = health.damageOf(stream); // found by whoever has read it again; what is remembered was read before
    if (damage) throw damage;
    const known = foldedByDecider.get(decider);
    if (known) return known as FoldedStreams<State, E>; // put there by this very function for this very decider
    const made = new FoldedStreams<State, E>(decider, eventStore, options.rememberedStreams);
    foldedByDecider.set(decider, made);
    return made;
  }

  const jitter = (upToMs: number) => chance(ids) * upToMs;

  /** What was thrown, as the refusal that it stands for; defects are passed on as they are. */
  function refusalFor(error: unknown): { readonly ok: false; readonly error: RunnerError } {
    if (error instanceof EventStoreUnavailableError) {
      log.warn({ cause: error.message }, 'event store unavailable');
      return err(error.error);
    }
    if (isHalt(error)) {
      health.refuse(error);
      return err(haltRefusal(error));
    }
    throw error;
  }

  /**
   * Appends, and where the answer was lost appends the very same again. A success that was not the first try is believed
   * only when the events read back are ours: some engines call it a success when others stand there under the same ids.
   */
  async function appendSurely(
    stream: string,
    sealed: readonly SealedEvent[],
    expected: number,
  ): Promise<Result<Appended, AppendError>> {
    for (let lost = 0; ; lost += 1) {
      try {
        const outcome = await eventStore.append(stream, sealed, expected);
        if (!outcome.ok || lost === 0 || (await standsThere(stream, sealed, expected))) return outcome;
        return err({ code: 'event-store/revision-conflict', expected, actual: expected + sealed.length });
      } catch (error) {
        const pauseMs = RETRY_AFTER_MS[lost];
        if (!(error instanceof EventStoreUnavailableError) || error.isDiskFull || pauseMs === undefined) throw error;
        await pause(clock, pauseMs + jitter(pauseMs / 2));
      }
    }
  }

  async function standsThere(stream: string, sealed: readonly SealedEvent[], expected: number): Promise<boolean> {
    let index = 0;
    for await (const stored of eventStore.read(stream, { from: expected + 1, limit: sealed.length })) {
      const event = sealed[index];
      if (event === undefined || !isSameEvent(stored, event)) return false;
      index += 1;
    }
    return index === sealed.length;
  }

  function seal<E extends Fact>(
    stream: string,
    events: readonly E[],
    folded: Folded<unknown>,
    context: CommandContext,
    idOf: (index: number) => string,
  ) {
    const now = new Date(clock.now()).toISOString();
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

  async function run<State, Command, E extends Fact, Refusal extends DomainError>(
    decider: Decider<State, Command, E, Refusal>,
    stream: string,
    command: Command,
    context: CommandContext,
    { step = '', ifMatch }: RunOptions,
  ): Promise<Result<Committed<State, E>, Refusal | RunnerError>> {
    const { dryRun = false } = context;
    const streams = streamsOf(decider, stream);
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
      if (earlier.is === 'repeat') return committed(await again(streams, stream, earlier, tried));

      const revision = revisionIn(decider, folded);
      const decision =
        ifMatch === undefined || ifMatch === revision
          ? decider.decide(command, folded.state, context.actor)
          : err(runnerErrors.preconditionFailed(ifMatch, revision));

      if (decision.ok && decision.value.length > 0 && !dryRun) {
        const sealed = seal(stream, decision.value, folded, context, idOf);
        sealed.forEach(({ hash }) => tried.add(hash));
        const outcome = await appendSurely(stream, sealed, folded.revision);
        if (outcome.ok) {
          folded.commands.forget(clock.now());
          const { state } = streams.appended(stream, folded, sealed, decision.value, outcome.value.position);
          options.onAppended?.(outcome.value.position);
          log.info(recordedLine(sealed, context, outcome.value.position), 'recorded');
          return committed({ state, events: decision.value, ...outcome.value, repeated: false });
        }
        if (outcome.error.code !== 'event-store/revision-conflict') {
          if (isAtEnd) return err(outcome.error);
        } else {
          conflicts += 1;
          if (conflicts > CONFLICTS) return err(runnerErrors.contended());
          if (conflicts > 1) await pause(clock, jitter(Math.min(2 ** conflicts, 50)));
        }
      } else if (isAtEnd) {
        if (!decision.ok) return decision;
        const outcome = {
          state: decision.value.reduce((state, event) => decider.evolve(state, event), folded.state),
          events: decision.value,
          revision: folded.revision,
          position: await eventStore.head(),
          repeated: false,
        };
        return dryRun ? ok({ ...outcome, meta: {} }) : committed(outcome);
      }
      folded = await streams.toEnd(stream);
      isAtEnd = true;
    }
  }

  /** The answer of a command that has run before, made from what it recorded. */
  async function again<State, E extends Fact>(
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
      position: folded.position ?? (await eventStore.head()),
      repeated: !isOwn,
    };
  }

  const runner: CommandRunner = {
    async run(decider, stream, command, context, runOptions = {}) {
      const asked = clock.monotonic();
      return inTurn(stream, async () => {
        if (clock.monotonic() - asked > PATIENCE_MS) return err(runnerErrors.contended());
        return run(decider, stream, command, context, runOptions).catch(refusalFor);
      });
    },

    async reply(decider, stream, command, context, view, { creates, ...runOptions } = {}) {
      const { ifMatch } = context;
      const outcome = await runner.run(decider, stream, command, context, {
        ...(ifMatch !== undefined && { ifMatch }),
        ...runOptions,
      });
      if (!outcome.ok) return outcome;
      const { events, meta } = outcome.value;
      const created = !context.dryRun && events.some(({ type }) => type === creates);
      return { ok: true, value: await view(outcome.value), meta: created ? { ...meta, created } : meta };
    },

    async load(decider, stream) {
      try {
        const { state, revision, position } = await streamsOf(decider, stream).toEnd(stream);
        return ok({ state, revision, position });
      } catch (error) {
        return refusalFor(error);
      }
    },

    async plan(decider, stream, command, context) {
      try {
        const { state } = await streamsOf(decider, stream).toEnd(stream);
        const decision = decider.decide(command, state, context.actor);
        if (!decision.ok) return decision;
        return ok({
          state: decision.value.reduce((folded, event) => decider.evolve(folded, event), state),
          events: decision.value,
        });
      } catch (error) {
        return refusalFor(error);
      }
    },

    newId: (context, index) => objectId(context, index),
  };
  return runner;
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
