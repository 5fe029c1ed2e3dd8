import { EVERY_EVENT, REMOVED, type Fact, type Projection } from '#kernel';
import { entryOf, indexed, isListed, placeOf, PLATFORM, type Entry } from './entry.ts';

/** An entry with the values of its indexes. */
export interface StoredEntry extends Entry {
  readonly byTime: string;
  readonly byActor: string;
  readonly byAction: string;
  readonly byObject: string | null;
  readonly byRefusal: string | null;
}

/** The audit log: one document per event that it lists. */
export const logProjection: Projection<Fact, StoredEntry> = {
  name: 'audit-log.v4',
  events: EVERY_EVENT,
  indexes: ['byTime', 'byActor', 'byAction', 'byObject', 'byRefusal'],
  documentId: ({ event, metadata }) => (isListed(event.type) ? metadata.id : undefined),
  apply(document, recorded) {
    const entry = entryOf(recorded);
    return document ?? (entry ? stored(entry) : REMOVED);
  },
};

function stored(entry: Entry): StoredEntry {
  const scope = entry.organizationId ?? PLATFORM;
  const place = placeOf(entry);
  return {
    ...entry,
    byTime: indexed(scope, '', place),
    byActor: indexed(scope, entry.actor.startsWith('system:') ? PLATFORM : entry.actor, place),
    byAction: indexed(scope, entry.action, place),
    byObject: entry.object === null ? null : indexed(scope, entry.object, place),
    byRefusal: entry.result === 'refused' ? indexed(scope, '', place) : null,
  };
}
