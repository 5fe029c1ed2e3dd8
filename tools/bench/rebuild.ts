// node --import ./tools/typescript.mjs tools/bench/rebuild.ts FOLDER COUNT: builds COUNT read models from the log in
// FOLDER and prints the duration.
import { readFileSync } from 'node:fs';
import type { EventStore } from '#event-store';
import { openEmbeddedEventStore } from '#event-store/embedded';
import { createEventSourcing } from '#event-sourcing';
import { openEmbeddedReadStore } from '#read-store/embedded';
import { sumsOf } from './event-sourcing.parts.ts';
import { surroundings } from './surroundings.ts';

/** Result of a rebuild. */
export interface Rebuild {
  readonly idleMb: number;
  readonly peakMb: number;
  readonly seconds: number;
  /** Events that the event store returned, each of which is parsed. */
  readonly read: number;
}

/** Returns the present and the maximum resident memory of this process, in megabytes. */
function memoryMb(): { readonly now: number; readonly most: number } {
  const status = readFileSync('/proc/self/status', 'utf8');
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { now: of('VmRSS'), most: of('VmHWM') };
}

setInterval(() => {}, 60_000); // timers of the clock do not keep the process running
const [folder = '', count = ''] = process.argv.slice(2);
const opened = await openEmbeddedEventStore({ folder: `${folder}/events`, ...surroundings });
let read = 0;
const counting: EventStore = {
  ...opened,
  async *readAll(options) {
    for await (const event of opened.readAll(options)) {
      read += 1;
      yield event;
    }
  },
};
const readStore = await openEmbeddedReadStore({ folder: `${folder}/rebuilt`, ...surroundings });
const sourcing = createEventSourcing({ eventStore: counting, readStore, ...surroundings });
const head = await opened.head();
while (!(await sourcing.access.current()).ok); // rights are read first, as at each start
const before = read;
const idleMb = memoryMb().now;
const began = performance.now();
await sourcing.projections(Array.from({ length: Number(count) }, (_, n) => sumsOf(`bench-rebuilt-${n}.v1`)));
await sourcing.control.waitUntilApplied(head);
const rebuild: Rebuild = {
  idleMb,
  peakMb: memoryMb().most,
  seconds: (performance.now() - began) / 1000,
  read: read - before,
};
console.log(JSON.stringify(rebuild));
process.exit(0);
