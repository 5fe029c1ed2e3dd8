import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { NO_STREAM, type EventStore } from '#event-store';
import { sealedEvents } from '#event-store/contract-suite';
import { openEmbeddedEventStore } from '#event-store/embedded';
import { position, REMOVED, silentLogger, type Fact, type Json, type Position, type Projection } from '#kernel';
import type { ReadStore } from '#read-store';
import { openEmbeddedReadStore } from '#read-store/embedded';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { temporaryFolder } from '#testing';
import { checkPlatform } from './check-platform.ts';
import type { LoadNote } from './notes.ts';

type Noted = Fact<'note.written.v1', { readonly text: string }> | Fact<'note.removed.v1', Record<never, never>>;

const texts: Projection<Noted, { readonly text: string }> = {
  name: 'texts.v1',
  events: { categories: ['note'], types: { 'note.written.v1': true, 'note.removed.v1': true } },
  documentId: ({ metadata }) => metadata.stream,
  apply: (_, { event }) => (event.type === 'note.removed.v1' ? REMOVED : { text: event.data.text }),
};

describe('the checker of a platform', () => {
  const root = temporaryFolder();
  let eventStore: EventStore;
  let readStore: ReadStore;
  let last: Position;

  const append = async (stream: string, types: readonly (readonly [string, unknown])[]): Promise<Position> => {
    const drafts = types.map(([type, data]) => ({ type, data }));
    const outcome = await eventStore.append(stream, sealedEvents(stream, drafts), NO_STREAM);
    if (!outcome.ok) throw new Error(outcome.error.code);
    return outcome.value.position;
  };
  const store = (id: string, document: Json, at = last) =>
    readStore.apply([{ collection: texts.name, id, position: at, document }]);
  const check = (notes: readonly LoadNote[] = []) =>
    checkPlatform({ eventStore, readStore, projections: [texts], notes });

  beforeEach(async () => {
    const folder = join(root, randomUUID());
    eventStore = await openEmbeddedEventStore({ folder, clock, ids, log: silentLogger });
    readStore = await openEmbeddedReadStore({ folder, log: silentLogger });
    await readStore.ensure({ name: texts.name, indexes: [] });
    await readStore.ensure({ name: 'projection-control', indexes: [] });
    await append('note-removed', [
      ['note.written.v1', { text: 'gone' }],
      ['note.removed.v1', {}],
    ]);
    last = await append('note-a', [['note.written.v1', { text: 'load 1' }]]);
    await store('note-a', { text: 'load 1' });
  });
  afterEach(async () => {
    await readStore.close();
    await eventStore.close();
  });

  it('reports nothing if the documents are correct and each command took effect once', async () => {
    const sent: LoadNote[] = ['load 1', 'load 2'].map((marker) => ({ is: 'sent', marker }));
    expect(await check([...sent, { is: 'acknowledged', marker: 'load 1', position: last }])).toEqual([]);
  });

  it('reports missing, different, surplus, and parked documents', async () => {
    await append('note-b', [['note.written.v1', { text: 'second' }]]);
    const later = position(eventStore.storeId, 1_000);
    await store('note-a', { text: 'edited' }, later);
    await store('note-removed', { text: 'gone' }, later);
    const parked = { parked: { 'note-c': {} }, marks: [] };
    const control = { collection: 'projection-control', id: `${eventStore.storeId}.texts.v1`, position: last };
    await readStore.apply([{ ...control, document: parked }]);
    expect(await check()).toEqual([
      'texts.v1: document note-c is parked',
      'texts.v1: document note-a is {"text":"edited"}, and the fold is {"text":"load 1"}',
      'texts.v1: document note-b is missing',
      'texts.v1: document note-removed must not be there',
    ]);
  });

  it('reads the serving generation', async () => {
    const name = `${texts.name}.g1`;
    await readStore.ensure({ name, indexes: [] });
    const serving = { collection: 'projection-control', id: `${eventStore.storeId}.texts.v1.serving`, position: last };
    await readStore.apply([{ ...serving, document: { generation: 1 } }]);
    expect(await check()).toEqual(['texts.v1: document note-a is missing']);
  });

  it('reports an acknowledged command that is lost, took effect twice, or was recorded after its response', async () => {
    await append('note-b', [
      ['note.written.v1', { text: 'load 2' }],
      ['note.written.v1', { text: 'load 2' }],
    ]);
    const faults = await check([
      { is: 'sent', marker: 'load 2' },
      { is: 'acknowledged', marker: 'load 3', position: last },
      { is: 'acknowledged', marker: 'load 2', position: last },
    ]);
    expect(faults.filter((fault) => fault.includes('load'))).toEqual([
      'command load 2 took effect more than once',
      'acknowledged command load 3 is not in the log',
      expect.stringMatching(/^command load 2 is at \S+, after the position \S+ of its answer$/),
    ]);
  });
});
