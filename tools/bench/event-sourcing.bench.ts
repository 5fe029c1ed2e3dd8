import { openEmbeddedEventStore } from '#event-store/embedded';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createCommandRunner, createEventSourcing } from '#event-sourcing';
import { ok, type CommandContext, type Decider } from '#kernel';
import { openEmbeddedReadStore } from '#read-store/embedded';
import { family, fill, sums, type Counted } from './event-sourcing.parts.ts';
import type { Rebuild } from './rebuild.ts';
import type { Row } from './row.ts';
import { perSecond, surroundings, withFolder } from './surroundings.ts';

const REPLAYED = 200_000;
const DOCUMENTS = 2_000;
const LONG = 50_000;
/** About as many as the platform has. */
const PROJECTIONS = 16;

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

/** Measures replays through the projection runner, and commands on a long stream, with the embedded engines. */
export async function run(): Promise<Row[]> {
  return withFolder(async (folder) => {
    const eventStore = await openEmbeddedEventStore({ folder: `${folder}/events`, ...surroundings });
    const readStore = await openEmbeddedReadStore({ folder: `${folder}/read`, ...surroundings });
    const streams = Array.from({ length: DOCUMENTS }, (_, n) => `bench-${n}`);
    await Promise.all(streams.map((stream) => fill(eventStore, stream, REPLAYED / DOCUMENTS)));

    const sourcing = createEventSourcing({ eventStore, readStore, ...surroundings });
    const used = process.cpuUsage();
    const replay = await perSecond(REPLAYED, async () => {
      await sourcing.projections([sums]);
      await sourcing.control.waitUntilApplied(await eventStore.head());
    });
    const { user, system } = process.cpuUsage(used);
    const perProcessorSecond = (REPLAYED * 1_000_000) / (user + system);
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
    const rebuild = rebuilt(folder);

    return [
      {
        name: 'event sourcing: replay through a projection',
        unit: 'events/s',
        ours: Math.round(replay),
        goal: '>= 150,000 on a quiet machine',
      },
      {
        name: 'event sourcing: replay through a projection, by processor time',
        unit: 'events/s',
        ours: Math.round(perProcessorSecond),
        goal: '>= 150,000',
      },
      {
        name: `event sourcing: rebuild of ${PROJECTIONS} read models from ${REPLAYED + LONG} events, memory above idle`,
        unit: 'MB',
        ours: rebuild.peakMb - rebuild.idleMb,
        goal: '<= 300',
      },
      {
        name: 'event sourcing: the same, times that each event is read and parsed',
        unit: 'times',
        ours: rebuild.read / (REPLAYED + LONG),
        goal: '<= 1.05',
      },
      {
        name: 'event sourcing: the same, until all are level',
        unit: 's',
        ours: rebuild.seconds,
        goal: 'reported',
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

/** Builds read models in a separate process, to measure its memory. */
function rebuilt(folder: string): Rebuild {
  const file = fileURLToPath(new URL('rebuild.ts', import.meta.url));
  const loader = fileURLToPath(new URL('../typescript.mjs', import.meta.url));
  const done = spawnSync(process.execPath, ['--import', loader, file, folder, String(PROJECTIONS)], {
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout); // printed by rebuild.ts
}
