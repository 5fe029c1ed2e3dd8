import { statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { verifyLog } from '#event-store';
import { silentLogger } from '#kernel';
import { openEventStore, readConfiguration, StartError } from '#runtime';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { runTool } from './run.ts';

/**
 * Verifies the hash chain of all streams in the event log, in the data folder of a stopped platform or a copy of it, or
 * in the EventStoreDB of ASTRO_EVENT_STORE. Prints the first damaged position of each stream and exits with 1 if there
 * is one:
 * npm run admin:verify
 */
await runTool(async () => {
  const read = readConfiguration(process.env);
  if (!read.ok) throw new StartError(read.error.join('\n'));
  const { configuration } = read.value;
  const folder = configuration.dataDir;
  // A missing log is an error, since a new one would be empty and intact.
  const isFile = configuration.eventStore.kind === 'embedded';
  if (isFile && !statSync(join(folder, 'events.sqlite'), { throwIfNoEntry: false }))
    throw new StartError(`${folder} contains no event log; set ASTRO_DATA_DIR to the data folder of a platform.`);
  const eventStore = await openEventStore({ configuration, folder, clock, ids, log: silentLogger });
  try {
    const faults = verifyLog(eventStore);
    let damaged = 0;
    for (;;) {
      const step = await faults.next();
      if (step.done) {
        const { events, streams } = step.value;
        if (damaged === 0) return `The hash chains of all ${streams} streams are intact (${events} events).`;
        throw new StartError(
          `${damaged} of ${streams} streams are damaged (${events} events); see "A damaged log" in docs/operator-guide.md.`,
        );
      }
      damaged += 1;
      process.stdout.write(`${step.value.message}\n`);
    }
  } finally {
    await eventStore.close();
  }
});
