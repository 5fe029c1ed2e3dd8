import type { EventFamily, Fact, Projection, Recorded } from '#kernel';

/**
 * Follows the log and acts on what it reads: enqueues work, asks other contexts. Its checkpoint moves after `react` has
 * resolved; an event may come twice, and `react` must then do no harm. A reaction that throws is tried again with
 * back-off (1 s to 60 s) and holds its own checkpoint back meanwhile, nobody else's.
 */
export interface Reactor<E extends Fact = Fact, Type extends E['type'] = E['type']> {
  /** `<words>.v<n>`; the name of its checkpoint. */
  readonly name: string;
  /** What it reads. It stops in front of a type of these categories that the family does not know. */
  readonly events: EventFamily<E>;
  /** Types of events it wants, in their current shape; others are passed over. */
  readonly types: readonly Type[];
  react(recorded: Recorded<Extract<E, { readonly type: Type }>>): Promise<void>;
}

/** Finds owed work again: called at start (when projections are level with the head of then) and every `everyMs`. */
export interface Sweep {
  readonly name: string;
  readonly everyMs: number;
  run(signal: AbortSignal): Promise<void>;
}

type Class<T> = new (...args: never[]) => T;

/** One bounded context, ready to be composed into a process. `index.ts` of every `service/` exports exactly this. */
export interface ContextService {
  readonly name: string;
  /** The Nest module with handlers, queries, reactors and sweeps as providers. */
  readonly module: Class<unknown>;
  /** Every decider: their families are what the context writes to the log, and must read for as long as a log holds it. */
  readonly deciders: readonly { readonly events: EventFamily<Fact> }[];
  // A projection of any event and document type: the runner passes back what it took from the same projection.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly projections: readonly Projection<any, any>[];
  /** Providers of the module, resolved and run by the process. */
  readonly reactors: readonly Class<Reactor>[];
  readonly sweeps: readonly Class<Sweep>[];
}
