import { sealEvents, type EventStore, type UnsealedEvent } from '#event-store';
import { openEmbeddedEventStore } from '#event-store/embedded';
import { createCommandRunner, createEventSourcing } from '#event-sourcing';
import { ok, type CommandContext, type Decider, type Fact, type Projection } from '#kernel';
import { openEmbeddedReadStore } from '#read-store/embedded';
import type { Row } from './row.ts';
import { perSecond, surroundings, withFolder } from './surroundings.ts';

const REPLAYED = 200_000;
const DOCUMENTS = 2_000;
const LONG = 50_000;

type Counted = Fact<'bench.counted.v1', { readonly n: number; readonly text: string }>;
const family = { categories: ['bench'], types: { 'bench.counted.v1': true } } as const;

const sums: Projection<Counted, { readonly sum: number; readonly count: number }> = {
  name: 'bench-sums.v1',
  events: family,
  indexes: ['sum'],
  documentId: ({ metadata }) => metadata.stream,
  apply: (document, { event }) => ({ sum: (document?.sum ?? 0) + event.data.n, count: (document?.count ?? 0) + 1 }),
};

const counter: Decider<number, number, Counted, never> = {
  events: family,
  initialState: 0,
  evolve: (state, event) => state + event.data.n,
  decide: (n) => ok([{ type: 'bench.counted.v1', data: { n, text: 'x' } }]),
};

const context = (n: number): CommandContext => ({
  actor: { id: 'system:bench', kind: 'system', isGlobalAdmin: false },
  commandId: `${String(n).padStart(32, '0')}.${'b'.repeat(32)}`,
  correlationId: 'bench',
});

const counted = (stream: string, revision: number): UnsealedEvent => ({
  id: surroundings.ids.uuid(),
  type: 'bench.counted.v1',
  stream,
  revision,
  recordedAt: '2026-01-01T00:00:00.000Z',
  actor: 'system:bench',
  commandId: `${'a'.repeat(32)}.${'b'.repeat(32)}`,
  correlationId: 'bench',
  causationId: 'bench',
  data: { n: 1, text: 'x'.repeat(60) },
});

/** One stream of `length` events, appended in parts that fit. */
async function fill(store: EventStore, stream: string, length: number): Promise<void> {
  let hash = '';
  for (let from = 0; from < length; from += 500) {
    const sealed = sealEvents(
      Array.from({ length: Math.min(500, length - from) }, (_, n) => counted(stream, from + n)),
      hash,
    );
    const outcome = await store.append(stream, sealed, from - 1);
    if (!outcome.ok) throw new Error(outcome.error.code);
    hash = sealed.at(-1)?.hash ?? '';
  }
}

/** Replays through the projection runner, and commands on a long stream, on the embedded engines. */
export async function run(): Promise<Row[]> {
  return withFolder(async (folder) => {
    const eventStore = await openEmbeddedEventStore({ folder: `${folder}/events`, ...surroundings });
    const readStore = await openEmbeddedReadStore({ folder: `${folder}/read`, ...surroundings });
    const streams = Array.from({ length: DOCUMENTS }, (_, n) => `bench-${n}`);
    await Promise.all(streams.map((stream) => fill(eventStore, stream, REPLAYED / DOCUMENTS)));

    const sourcing = createEventSourcing({ eventStore, readStore, ...surroundings });
    const replay = await perSecond(REPLAYED, async () => {
      await sourcing.projections([sums]);
      await sourcing.control.settled(await eventStore.head());
    });
    const built = await sourcing.readModels.get(sums, 'bench-0');
    if (!built.ok || built.value?.document.count !== REPLAYED / DOCUMENTS)
      throw new Error('the replay is not what the log says');
    await sourcing.close();

    await fill(eventStore, 'bench-long', LONG);
    const commands = createCommandRunner({ eventStore, ...surroundings });
    const milliseconds = async (n: number) => {
      const start = performance.now();
      const outcome = await commands.run(counter, 'bench-long', 1, context(n));
      if (!outcome.ok || outcome.value.state !== LONG + n) throw new Error('the command did not do what it should');
      return performance.now() - start;
    };
    const first = await milliseconds(1);
    const warm: number[] = [];
    for (let n = 2; n <= 501; n += 1) warm.push(await milliseconds(n));
    warm.sort((a, b) => a - b);
    const round = (ms: number | undefined) => Math.round((ms ?? 0) * 100) / 100;
    await eventStore.close();
    await readStore.close();

    return [
      {
        name: 'event sourcing: replay through a projection',
        unit: 'events/s',
        ours: Math.round(replay),
        goal: '>= 150,000',
      },
      {
        name: `event sourcing: first command on a stream of ${LONG} events`,
        unit: 'ms',
        ours: round(first),
        goal: '<= 500',
      },
      {
        name: `event sourcing: warm command on a stream of ${LONG} events, median`,
        unit: 'ms',
        ours: round(warm[250]),
        goal: '<= 1',
      },
      {
        name: `event sourcing: warm command on a stream of ${LONG} events, 99 %`,
        unit: 'ms',
        ours: round(warm[495]),
        goal: '<= 5',
      },
    ];
  });
}
