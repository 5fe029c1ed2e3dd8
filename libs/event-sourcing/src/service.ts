import type { EventFamily, Fact, Recorded } from '#kernel';

/**
 * Follows the log and acts on events: enqueues work, sends requests to other contexts. The checkpoint is stored after
 * `react` has resolved, so an event may be processed twice, and `react` must be idempotent. After an error, the
 * reaction is retried with back-off (1 s to 60 s), which delays this reactor only.
 */
export interface Reactor<E extends Fact = Fact, Type extends E['type'] = E['type']> {
  /** Name of the reactor's checkpoint: `<words>.v<n>`. */
  readonly name: string;
  /** The events that it reads. It stops before a type of these categories that the family does not know. */
  readonly events: EventFamily<E>;
  /** Types of events for `react`, in their current shape. Others are skipped. */
  readonly types: readonly Type[];
  /** Milliseconds between an event and its reaction. Later events wait too. Default: 0. */
  readonly delayMs?: number;
  react(recorded: Recorded<Extract<E, { readonly type: Type }>>): Promise<void>;
}

/** Finds work that is still to be done. Called at startup (after projections have caught up) and every `everyMs`. */
export interface Sweep {
  readonly name: string;
  readonly everyMs: number;
  run(signal: AbortSignal): Promise<void>;
}
