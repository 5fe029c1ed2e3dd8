import process from 'node:process';
import { silentLogger } from '#kernel';
import { openEventStore, openReadStore, readConfiguration } from '#runtime';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { checkPlatform, readNotes } from '#testing/checker';
import { CONTEXTS } from '../contexts.ts';

// Compares the read models of a running platform with its log, and the log with the commands in CHECKER_NOTES. Prints a
// sentence for each difference, and exits with code 1 if there is one.
const read = readConfiguration(process.env);
if (!read.ok) throw new Error(read.error.join('\n'));
const { configuration } = read.value;
const options = { configuration, folder: configuration.dataDir, clock, ids, log: silentLogger };
const eventStore = await openEventStore(options);
const readStore = await openReadStore(options);
try {
  const faults = await checkPlatform({
    eventStore,
    readStore,
    projections: CONTEXTS.flatMap(({ projections }) => [...projections]),
    notes: readNotes(process.env['CHECKER_NOTES'] ?? ''),
  });
  for (const fault of faults.slice(0, 50)) process.stdout.write(`${fault}\n`);
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  await readStore.close();
  await eventStore.close();
}
