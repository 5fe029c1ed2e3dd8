import type { CommandContext, DomainError, EventFamily, EventMetadata, Fact, Recorded, Result } from '#kernel';
import type { Reactor } from './service.ts';

/**
 * A command over several streams. Each part may run again, by the same caller or by a `Resumption`, and whoever comes
 * second records nothing.
 */
export interface TwoStreams<Begun, Done> {
  /**
   * Writes the owner: the stream that decides about the name, the count or the plan. Its event holds all that the rest
   * needs. From here on the command is going to be finished, or undone, whatever happens to this process.
   */
  begin(): Promise<Result<Begun, DomainError>>;
  /** Writes the other streams, and what is left to write in the owner. */
  finish(begun: Begun): Promise<Result<Done, DomainError>>;
  /** After a refusal that stays: gives back in the owner what `begin` took. Left out when `finish` is never refused. */
  undo?(begun: Begun, refusal: DomainError): Promise<Result<unknown, DomainError>>;
}

/** Runs a command over several streams, the owner's first. */
export async function ownerFirst<Begun, Done>(command: TwoStreams<Begun, Done>): Promise<Result<Done, DomainError>> {
  const begun = await command.begin();
  return begun.ok ? finishOrUndo(command, begun.value) : begun;
}

/** What comes after `begin`: for `ownerFirst`, and for a `Resumption` whose process found it begun. */
export async function finishOrUndo<Begun, Done>(
  { finish, undo }: Pick<TwoStreams<Begun, Done>, 'finish' | 'undo'>,
  begun: Begun,
): Promise<Result<Done, DomainError>> {
  const done = await finish(begun);
  if (done.ok || mayPass(done.error) || !undo) return done;
  const undone = await undo(begun, done.error);
  return undone.ok ? done : undone;
}

/** Whether the same command may succeed later as it is. It stays begun then, and is resumed. */
const mayPass = ({ kind, code }: DomainError): boolean => kind === 'unavailable' || code === 'event-sourcing/contended';

/** Milliseconds after which a command that was begun is resumed: longer than anybody waits for its answer. */
const RESUME_AFTER_MS = 20_000;

/**
 * Finishes commands over several streams that a crash has interrupted, by following the owners' events. It comes so late that
 * the process which began has finished too, unless it died; where it did, everything is there and nothing is recorded.
 */
export abstract class Resumption<E extends Fact, Type extends E['type'] = E['type']> implements Reactor<E, Type> {
  abstract readonly name: string;
  abstract readonly events: EventFamily<E>;
  abstract readonly types: readonly Type[];
  readonly delayMs: number = RESUME_AFTER_MS;

  /** @param context that of the command that was begun: the same id, in the name of whoever began it */
  protected abstract resume(
    recorded: Recorded<Extract<E, { readonly type: Type }>>,
    context: CommandContext,
  ): Promise<Result<unknown, DomainError>>;

  async react(recorded: Recorded<Extract<E, { readonly type: Type }>>): Promise<void> {
    const outcome = await this.resume(recorded, contextOf(recorded.metadata));
    // Any other refusal is an answer, which whoever asked has had already.
    if (!outcome.ok && mayPass(outcome.error)) throw new Error(outcome.error.code);
  }
}

const contextOf = ({ actor, commandId, correlationId, id, organizationId }: EventMetadata): CommandContext => ({
  actor: { id: actor, kind: actor.startsWith('system:') ? 'system' : 'person', isGlobalAdmin: false },
  commandId,
  correlationId,
  causationId: id,
  ...(organizationId !== undefined && { organizationId }),
});
