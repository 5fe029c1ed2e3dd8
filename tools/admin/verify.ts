import process from 'node:process';
import { verifyLog } from '#event-store';
import { StartError } from '#runtime';
import { runTool } from './run.ts';
import { configured, openExistingLog } from './stores.ts';

/**
 * Verifies the hash chain of all streams in the event log, in the data folder of a stopped platform or a copy of it, or
 * in the EventStoreDB of ASTRO_EVENT_STORE. Prints the first damaged position of each stream and exits with 1 if there
 * is one:
 * npm run admin:verify
 */
await runTool(async () => {
  const eventStore = await openExistingLog(configured());
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
