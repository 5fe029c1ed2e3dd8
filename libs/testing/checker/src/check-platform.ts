import { isDeepStrictEqual } from 'node:util';
import { EventReader } from '#event-sourcing';
import { verifyStream, type ChainFaults, type EventStore, type StoredEvent } from '#event-store';
import { REMOVED, type Fact, type Projection } from '#kernel';
import type { ReadStore } from '#read-store';
import type { LoadNote } from './notes.ts';

export interface CheckOptions {
  readonly eventStore: EventStore;
  readonly readStore: ReadStore;
  // Projections of any event and document type are in one list.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly projections: readonly Projection<any, any>[];
  /** Notes of the load generators about the commands that they sent. */
  readonly notes: readonly LoadNote[];
}

/**
 * Compares a platform's read models with its log, and its log with the acknowledged commands. Reads the streams one by
 * one and folds them in memory, without the projection runner, its checkpoints, and its cache.
 *
 * @returns one sentence for each difference
 */
export async function checkPlatform({ eventStore, readStore, projections, notes }: CheckOptions): Promise<string[]> {
  const { streams, faults } = await readStreams(eventStore);
  const events = [...streams.values()].flat().toSorted((a, b) => (a.position < b.position ? -1 : 1));
  faults.push(...checkNotes(events, notes));
  for (const projection of projections) {
    const { collection, parked } = await servingCollection(eventStore.storeId, readStore, projection.name);
    faults.push(...parked.map((id) => `${projection.name}: document ${id} is parked`));
    const built = await documentsOf(readStore, collection);
    faults.push(...difference(projection.name, fold(projection, events), built));
  }
  return faults;
}

/** Reads each stream from its first event, and checks its hash chain. */
async function readStreams(eventStore: EventStore) {
  const names = new Set<string>();
  const positions = new Set<string>();
  const faults: string[] = [];
  for await (const { stream, position } of eventStore.readAll()) {
    names.add(stream);
    if (positions.has(position)) faults.push(`position ${position} occurs twice in the log`);
    positions.add(position);
  }
  const streams = new Map<string, readonly StoredEvent[]>();
  for (const name of names) {
    const events: StoredEvent[] = [];
    for await (const event of eventStore.read(name)) events.push(event);
    const chain = verifyStream(events);
    if (!chain.ok) faults.push(`stream ${name} is damaged at revision ${chain.error.revision}: ${chain.error.reason}`);
    streams.set(name, events);
  }
  const ids = [...streams.values()].flat().map(({ id }) => id);
  if (new Set(ids).size < ids.length) faults.push('an event id occurs twice');
  return { streams, faults };
}

/** Checks that each acknowledged command is in the log, up to the returned position, and that no command is in it twice. */
function checkNotes(events: readonly StoredEvent[], notes: readonly LoadNote[]): string[] {
  const texts = events.map(({ data, stream, position }) => ({ text: JSON.stringify(data), stream, position }));
  const found = new Map<string, { readonly stream: string; readonly position: string }[]>();
  const markers = new Set(notes.map(({ marker }) => marker));
  for (const { text, stream, position } of texts)
    for (const [quoted] of text.matchAll(/"[^"\\]*"/g)) {
      const marker = quoted.slice(1, -1);
      if (markers.has(marker)) found.set(marker, [...(found.get(marker) ?? []), { stream, position }]);
    }
  const faults: string[] = [];
  for (const line of notes) {
    const at = found.get(line.marker) ?? [];
    if (line.is === 'sent' && new Set(at.map(({ stream }) => stream)).size < at.length)
      faults.push(`command ${line.marker} took effect more than once`);
    if (line.is !== 'acknowledged') continue;
    const [first] = at;
    if (first === undefined) faults.push(`acknowledged command ${line.marker} is not in the log`);
    else if (first.position > line.position)
      faults.push(`command ${line.marker} is at ${first.position}, after the position ${line.position} of its answer`);
  }
  return faults;
}

/** The log that a fold reads was verified before. */
const NO_FAULTS: ChainFaults = new Map();

function fold(projection: Projection<Fact, unknown>, events: readonly StoredEvent[]): Map<string, unknown> {
  const reader = new EventReader(projection.events);
  const documents = new Map<string, unknown>();
  for (const stored of events) {
    const recorded = reader.read(stored, NO_FAULTS);
    const id = recorded && projection.documentId(recorded);
    if (recorded === undefined || id === undefined) continue;
    const next = projection.apply(documents.get(id), recorded);
    if (next === REMOVED) {
      documents.delete(id);
      continue;
    }
    const split = projection.split?.(next);
    documents.set(id, split ? split.document : next);
    for (const [partId, part] of split?.parts ?? []) documents.set(partId, part);
  }
  return documents;
}

/** Returns the serving collection: the projection's own, or that of a later generation. */
async function servingCollection(storeId: string, readStore: ReadStore, name: string) {
  const control = 'projection-control';
  const serving = await readStore.get<{ generation: number }>(control, `${storeId}.${name}.serving`);
  const generation = serving?.document.generation ?? 0;
  const collection = generation === 0 ? name : `${name}.g${generation}`;
  const state = await readStore.get<{ parked: Record<string, unknown> }>(control, `${storeId}.${collection}`);
  return { collection, parked: Object.keys(state?.document.parked ?? {}) };
}

async function documentsOf(readStore: ReadStore, name: string): Promise<Map<string, unknown>> {
  const documents = new Map<string, unknown>();
  for (let cursor: string | undefined; ;) {
    const query = { limit: 500, ...(cursor !== undefined && { cursor }) };
    const { items, next } = await readStore.find({ name, indexes: [] }, query);
    for (const { id, document } of items) documents.set(id, document);
    if (next === undefined) return documents;
    cursor = next;
  }
}

function difference(name: string, expected: Map<string, unknown>, built: Map<string, unknown>): string[] {
  const faults: string[] = [];
  for (const [id, document] of expected) {
    const text = JSON.stringify(document); // compares as JSON, as documents are stored
    if (!built.has(id)) faults.push(`${name}: document ${id} is missing`);
    else if (!isDeepStrictEqual(built.get(id), JSON.parse(text)))
      faults.push(`${name}: document ${id} is ${JSON.stringify(built.get(id))}, and the fold is ${text}`);
  }
  for (const id of built.keys()) if (!expected.has(id)) faults.push(`${name}: document ${id} must not be there`);
  return faults;
}
