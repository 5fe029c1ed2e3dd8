import type { CommandContext, DomainError, EventFamily, EventMetadata, Fact, Recorded, Result } from '#kernel';
import type { Reactor } from './service.ts';

/**
 * A command over several streams. Each part may run again, by the same caller or by a `Resumption`, and must then
 * record nothing.
 */
export interface TwoStreams<Started, Done> {
  /**
   * Writes the owning stream, which decides about the name, the number, or the plan. Its event contains everything that
   * the other parts need. From then on, the command will be completed or undone, even if this process crashes.
   */
  start(): Promise<Result<Started, DomainError>>;
  /** Writes the other streams, and the rest of the owning stream. */
  finish(started: Started): Promise<Result<Done, DomainError>>;
  /** After a permanent error: undoes `begin` in the owning stream. Absent if `finish` is never rejected. */
  undo?(started: Started, refusal: DomainError): Promise<Result<unknown, DomainError>>;
}

/** Runs a command over several streams, the owning stream first. */
export async function ownerFirst<Started, Done>(
  command: TwoStreams<Started, Done>,
): Promise<Result<Done, DomainError>> {
  const started = await command.start();
  return started.ok ? finishOrUndo(command, started.value) : started;
}

/** Runs the parts after `begin`: for `ownerFirst`, and for a `Resumption` of an interrupted command. */
export async function finishOrUndo<Started, Done>(
  { finish, undo }: Pick<TwoStreams<Started, Done>, 'finish' | 'undo'>,
  started: Started,
): Promise<Result<Done, DomainError>> {
  const done = await finish(started);
  if (done.ok || mayPass(done.error) || !undo) return done;
  const undone = await undo(started, done.error);
  return undone.ok ? done : undone;
}

/** Returns whether the same command may succeed later. Then it remains begun, and is resumed. */
const mayPass = ({ kind, code }: DomainError): boolean => kind === 'unavailable' || code === 'event-sourcing/contended';

/** Milliseconds after which a command is resumed: longer than a caller waits for its result. */
const RESUME_AFTER_MS = 20_000;

/**
 * Completes commands over several streams that a crash has interrupted, by following the events of the owning streams.
 * It is delayed until the original process has completed the command or crashed. If it was completed, nothing is
 * recorded.
 */
export abstract class Resumption<E extends Fact, Type extends E['type'] = E['type']> implements Reactor<E, Type> {
  abstract readonly name: string;
  abstract readonly events: EventFamily<E>;
  abstract readonly types: readonly Type[];
  readonly delayMs: number = RESUME_AFTER_MS;

  /**
   * Completes a command.
   *
   * @param context that of the original command, with its ID and actor
   */
  protected abstract resume(
    recorded: Recorded<Extract<E, { readonly type: Type }>>,
    context: CommandContext,
  ): Promise<Result<unknown, DomainError>>;

  async react(recorded: Recorded<Extract<E, { readonly type: Type }>>): Promise<void> {
    const outcome = await this.resume(recorded, contextOf(recorded.metadata));
    // A permanent error is a result, which the original caller has received.
    if (!outcome.ok && mayPass(outcome.error)) throw new Error(outcome.error.code);
  }
}

const contextOf = ({ actor, commandId, correlationId, id, organizationId, by }: EventMetadata): CommandContext => ({
  actor: { id: actor, kind: actor.startsWith('system:') ? 'system' : 'person', isGlobalAdmin: false },
  commandId,
  correlationId,
  causationId: id,
  ...(organizationId !== undefined && { organizationId }),
  ...(by && { by }),
});
