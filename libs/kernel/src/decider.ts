import type { Position } from './position.ts';
import type { Result } from './result.ts';

/** An event: its type in the past tense with a version (`organization.created.v1`), and its data. */
export interface Fact<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

/** The actor of a command. Decisions receive it as an argument and determine its rights from the state. */
export interface Actor {
  /** A user ID, the ID of a service member, or `system:<service>`. */
  readonly id: string;
  readonly kind: 'person' | 'service' | 'system';
  /** True only for a global admin who acts with a recent login, never with a key. */
  readonly isGlobalAdmin: boolean;
  /** Set if the login of a session is too old for what requires a login. */
  readonly isLoginOld?: true;
  /** Present if an access key acts. The role that applies is this role, limited by that of the member. */
  readonly key?: { readonly id: string; readonly role: string };
}

/** By which right a request of a person or key was permitted, and from where it was sent. Contains IDs only. */
export interface Authorization {
  readonly permission?: string;
  /** The rule that permitted it: `role`, `audit`, `self`, `global-admin`. */
  readonly rule?: string;
  readonly role?: string;
  /** ID of the event that granted the role or right. */
  readonly grantedBy?: string;
  readonly credential?: 'login' | 'key';
  /** ID of the access key. */
  readonly keyId?: string;
  /** Present if only the global role permitted it. */
  readonly globalAdmin?: true;
  /** Network of the client's address, such as `203.0.113.0/24` or `2001:db8::/48`. */
  readonly network?: string;
  /** ID of the record that holds the complete address, until the person is erased. */
  readonly address?: string;
}

/** Properties of a request that the command runner needs. The context of a bus request has all of them. */
export interface CommandContext {
  readonly actor: Actor;
  /**
   * `<32 hex>.<32 hex>`. The first half identifies the command (principal, operation, Idempotency-Key); the second is
   * the digest of its body. If only the second half differs, another request has used the same Idempotency-Key.
   */
  readonly commandId: string;
  /** Identifies the request of a person; shared by everything that it causes. */
  readonly correlationId: string;
  /** ID of the event or command that caused this one. Default: the command ID. */
  readonly causationId?: string;
  /** Absent for events of the platform itself. */
  readonly organizationId?: string;
  /**
   * Milliseconds since 1970 after which nothing is appended, because the caller no longer waits and may have sent the
   * request again. Absent for work that nobody waits for.
   */
  readonly deadlineMs?: number;
  /** If true, commands are decided but nothing is appended. */
  readonly dryRun?: boolean;
  /** Recorded with the events. Absent for work of the platform itself; its cause says who caused it. */
  readonly by?: Authorization;
}

/** In `categories` of a family: every stream of the log, with events of every type, as they were written. */
export const EVERY_CATEGORY = '*';

/** The event types that a context writes to its streams, and how retired shapes are converted to current ones. */
export interface EventFamily<E extends Fact> {
  /**
   * Categories of streams (named `<category>-<id>`) of which every event must be known. If several contexts write to
   * one category, each lists its part of it: `names-slug` stands for the streams `names-slug-<slug>`. A family of
   * `EVERY_CATEGORY` reads all streams, with types that no release knows.
   */
  readonly categories: readonly string[];
  /** All stored types that can be read, including retired shapes. A type that is absent is from a newer release. */
  readonly types: Readonly<Record<E['type'], true>> & Readonly<Record<string, true>>;
  /** Converts a stored event to its current shape. Absent while no shape is retired. */
  readonly upcast?: (stored: Fact) => E;
}

/** All events of all contexts. They are read as they were written, also those of newer releases. */
export const EVERY_EVENT: EventFamily<Fact> = { categories: [EVERY_CATEGORY], types: {} };

/**
 * A consistency boundary: one stream, folded by `evolve` and changed only by the events that `decide` returns. Pure.
 */
export interface Decider<State, Command, E extends Fact, Refusal> {
  readonly events: EventFamily<E>;
  readonly initialState: State;
  evolve(state: State, event: E): State;
  decide(command: Command, state: State, actor: Actor): Result<readonly E[], Refusal>;
  /** Returns the revision to compare with `If-Match`. Default: the revision of the stream. */
  revisionOf?(state: State): number;
}

/** Metadata of an event in the log. */
export interface EventMetadata {
  /** UUID, generated before the first attempt to append. */
  readonly id: string;
  readonly stream: string;
  /** Position within the stream, from 0. */
  readonly revision: number;
  readonly position: Position;
  /** RFC 3339 UTC with milliseconds. Never decreases within a stream. */
  readonly recordedAt: string;
  readonly actor: string;
  readonly organizationId?: string;
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId: string;
  /** Absent for work of the platform itself, and for events of releases that did not record it. */
  readonly by?: Authorization;
  /**
   * Lower-case hex SHA-256 that chains the event to the previous one of its stream. Absent in an event that is folded
   * before it is recorded.
   */
  readonly hash?: string;
}

/** An event as it was recorded, with its metadata. */
export interface Recorded<E extends Fact = Fact> {
  readonly event: E;
  readonly metadata: EventMetadata;
}

/** Returned by `apply` of a projection if there is no document. */
export const REMOVED: unique symbol = Symbol('removed');

/** A pure fold of the log into the documents of a read model. */
export interface Projection<E extends Fact, Document> {
  /**
   * `<words>.v<n>`. Increment the version when `apply` changes, so that the read model is rebuilt from the first event. Never
   * reuse the name of an earlier projection: a store may still contain its documents.
   */
  readonly name: string;
  readonly events: EventFamily<E>;
  /** Fields of the document that `find` can filter and sort by; dots address nested fields. */
  readonly indexes?: readonly string[];
  /** Returns the ID of the document that an event changes; `undefined` if it changes none. */
  documentId(recorded: Recorded<E>): string | undefined;
  /**
   * Returns the document after the event. Returning the same object changes nothing; `REMOVED` means that there is no
   * document. The result is never `undefined`, so that an event type without a case does not compile.
   */
  apply(document: Document | undefined, recorded: Recorded<E>): Document | typeof REMOVED;
  /**
   * Moves finished parts out of a document that would otherwise grow without bound. Called after each `apply`. A part
   * becomes a document of its own, which no event changes: `documentId` never returns its ID. Parts depend on the log
   * alone, since they can be written more than once. `undefined`: nothing to move.
   */
  split?(document: Document): Split<Document> | undefined;
}

/** A document without its finished parts, and the parts by document ID. */
export interface Split<Document> {
  readonly document: Document;
  readonly parts: ReadonlyMap<string, Document>;
}

/** Returns the category of a stream: the part before its first hyphen. */
export const categoryOf = (stream: string): string => stream.slice(0, stream.indexOf('-'));

/** Returns the ID in the name of a stream: the part after its first hyphen. */
export const idOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);
