import type { Position } from './position.ts';
import type { Result } from './result.ts';

/** Something that happened: a past-tense type with its version (`organization.created.v1`) and its data. */
export interface Fact<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

/** Who acts. Decisions take it as an argument and judge by folded state. */
export interface Actor {
  /** A user id, the id of a service member, or `system:<service>`. */
  readonly id: string;
  readonly kind: 'person' | 'service' | 'system';
  /** True only for a global admin who acts through a login, never through a key. */
  readonly isGlobalAdmin: boolean;
  /** Present when an access key acts: its right is this role, cut down to the member's own. */
  readonly key?: { readonly id: string; readonly role: string };
}

/** What the command runner needs to know about a request; a bus request's context has all of it. */
export interface CommandContext {
  readonly actor: Actor;
  /**
   * `<32 hex>.<32 hex>`: the first half names the command (principal, operation, Idempotency-Key), the second is the
   * digest of its body. The same first half with another second half is another request under the same key.
   */
  readonly commandId: string;
  /** The same for everything that one request of a person led to. */
  readonly correlationId: string;
  /** Id of the event or command that caused this one; the command id when left out. */
  readonly causationId?: string;
  /** Absent for events of the platform itself. */
  readonly organizationId?: string;
  /** Nothing is to change: commands are decided and nothing is appended. */
  readonly dryRun?: boolean;
}

/** The event types one context writes to its categories of streams, and how older shapes become current. */
export interface EventFamily<E extends Fact> {
  /**
   * Streams are named `<category>-<id>`; these are the categories whose every event must be understood. Where several
   * contexts write to one category, each names its part of it: `names-slug` are the streams `names-slug-<slug>`.
   */
  readonly categories: readonly string[];
  /** Every stored type that can be read, retired shapes included: a type that is absent was written by a newer release. */
  readonly types: Readonly<Record<E['type'], true>> & Readonly<Record<string, true>>;
  /** Brings a stored event to its current shape. Left out while no shape is retired. */
  readonly upcast?: (stored: Fact) => E;
}

/** A consistency boundary: one stream, folded by `evolve`, changed only by what `decide` returns. All pure. */
export interface Decider<State, Command, E extends Fact, Refusal> {
  readonly events: EventFamily<E>;
  readonly initialState: State;
  evolve(state: State, event: E): State;
  decide(command: Command, state: State, actor: Actor): Result<readonly E[], Refusal>;
  /** What `If-Match` is compared with: the revision of the configuration in `state`; the stream's own revision when left out. */
  revisionOf?(state: State): number;
}

/** What stands around an event in the log. */
export interface EventMetadata {
  /** UUID, fixed before the first try to append. */
  readonly id: string;
  readonly stream: string;
  /** Place in the stream, from 0. */
  readonly revision: number;
  readonly position: Position;
  /** RFC 3339 UTC with milliseconds; never goes back within a stream. */
  readonly recordedAt: string;
  readonly actor: string;
  readonly organizationId?: string;
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId: string;
}

export interface Recorded<E extends Fact = Fact> {
  readonly event: E;
  readonly metadata: EventMetadata;
}

export const REMOVED: unique symbol = Symbol('removed');

/** A pure fold of the log into documents of a read model. */
export interface Projection<E extends Fact, Document> {
  /** `<words>.v<n>`; a new name is built from the first event, so take the next one when `apply` changes meaning. */
  readonly name: string;
  readonly events: EventFamily<E>;
  /** Fields of the document that `find` may filter and sort by; dots reach inside. */
  readonly indexes?: readonly string[];
  /** Which document an event concerns; `undefined` when it concerns none. */
  documentId(recorded: Recorded<E>): string | undefined;
  /**
   * The document after the event; the same value changes nothing. `REMOVED` where there is none any more, or none yet:
   * it is never `undefined`, so that a type of event without an answer does not compile.
   */
  apply(document: Document | undefined, recorded: Recorded<E>): Document | typeof REMOVED;
}

/** The category of a stream: what stands before its first hyphen. */
export const categoryOf = (stream: string): string => stream.slice(0, stream.indexOf('-'));

/** The id of what a stream is about: what stands after its first hyphen. */
export const idOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);
