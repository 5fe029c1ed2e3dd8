import type { EventFamily, Fact, Recorded } from '#kernel';

/**
 * Follows the log and acts on what it reads: enqueues work, asks other contexts. Its checkpoint moves after `react` has
 * resolved; an event may come twice, and `react` must then do no harm. A reaction that throws is tried again with
 * back-off (1 s to 60 s) and holds its own checkpoint back in the meantime, nobody else's.
 */
export interface Reactor<E extends Fact = Fact, Type extends E['type'] = E['type']> {
  /** `<words>.v<n>`; the name of its checkpoint. */
  readonly name: string;
  /** What it reads. It stops before a type of these categories that the family does not know. */
  readonly events: EventFamily<E>;
  /** Types of events it wants, in their current shape; others are passed over. */
  readonly types: readonly Type[];
  /** Milliseconds that an event is left alone before `react` sees it; 0 when left out. Events after it wait too. */
  readonly delayMs?: number;
  react(recorded: Recorded<Extract<E, { readonly type: Type }>>): Promise<void>;
}

/** Finds owed work again: called at start (when projections are level with the head of then) and every `everyMs`. */
export interface Sweep {
  readonly name: string;
  readonly everyMs: number;
  run(signal: AbortSignal): Promise<void>;
}
