import { checkedLog, type ChainFaults, type EventStore, type StoredEvent } from '#event-store';
import { err, idOf, ok, REMOVED, type DomainError, type Fact, type Projection, type Result } from '#kernel';
import { EventReader, isHalt } from './event-reader.ts';
import { haltRefusal } from './runner-errors.ts';

/** The part of the log to fold. */
export interface ReplayedSection {
  readonly organizationId: string;
  /** Position of the last event. */
  readonly position: string;
  /** RFC 3339. Events recorded later are left out. */
  readonly time?: string | undefined;
}

/** A document that was folded from the log, as lists show it. */
export interface ReplayedDocument<Kind extends string> {
  readonly kind: Kind;
  readonly id: string;
  readonly value: Record<string, unknown>;
}

/** A projection to fold, and what to show of its documents. */
export interface Replayed<Kind extends string> {
  readonly kind: Kind;
  /** Returns a function that folds an event, and one that returns the documents. */
  start(): {
    fold(stored: StoredEvent, faults: ChainFaults): void;
    documents(): readonly ReplayedDocument<Kind>[];
  };
}

/**
 * Declares that a projection is replayed.
 *
 * @param view returns the objects of a document, by ID
 */
export const replayed = <Kind extends string, E extends Fact, D>(
  kind: Kind,
  projection: Projection<E, D>,
  view: (document: D, id: string) => Readonly<Record<string, Record<string, unknown>>>,
): Replayed<Kind> => ({
  kind,
  start() {
    const reader = new EventReader(projection.events);
    const documents = new Map<string, D>();
    return {
      fold(stored, faults) {
        const recorded = reader.read(stored, faults);
        const id = recorded && projection.documentId(recorded);
        if (!recorded || id === undefined) return;
        const next = projection.apply(documents.get(id), recorded);
        if (next === REMOVED) documents.delete(id);
        else documents.set(id, next);
      },
      documents: () =>
        [...documents].flatMap(([documentId, document]) =>
          Object.entries(view(document, documentId)).map(([id, value]) => ({ kind, id, value })),
        ),
    };
  },
});

/**
 * Folds the events of an organization with the projections of a context, apart from its read models. Reads the log from
 * its beginning: the state of every earlier time can be asked for.
 */
export async function replayDocuments<Kind extends string>(
  eventStore: EventStore,
  kinds: readonly Replayed<Kind>[],
  { organizationId, position, time }: ReplayedSection,
): Promise<Result<readonly ReplayedDocument<Kind>[], DomainError>> {
  const folds = kinds.map((kind) => kind.start());
  const lastMs = time === undefined ? Number.POSITIVE_INFINITY : Date.parse(time);
  const isIncluded = (stored: StoredEvent): boolean =>
    (stored.organizationId === organizationId || idOf(stored.stream) === organizationId) &&
    Date.parse(stored.recordedAt) <= lastMs;
  try {
    for await (const { events, faults } of checkedLog(eventStore)) {
      for (const stored of events)
        if (stored.position <= position && isIncluded(stored)) for (const { fold } of folds) fold(stored, faults);
      if ((events.at(-1)?.position ?? position) >= position) break;
    }
  } catch (error) {
    if (isHalt(error)) return err(haltRefusal(error));
    throw error;
  }
  return ok(folds.flatMap(({ documents }) => documents()));
}
