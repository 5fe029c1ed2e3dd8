import process from 'node:process';
import { erasureLine, erasuresIn } from '#backup';
import { writePrivateFile } from '#files';
import { StartError } from '#runtime';
import { runTool } from './run.ts';
import { configured, openExistingLog } from './stores.ts';

/**
 * Writes the IDs of all people who were erased to a file, for `admin:import` of an earlier backup. Replaces the file:
 * npm run admin:erasures -- FILE
 */
await runTool(async () => {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new StartError('Missing file. Usage: npm run admin:erasures -- FILE');
  const eventStore = await openExistingLog(configured());
  try {
    const erasures = [...(await erasuresIn(eventStore))];
    writePrivateFile(file, erasures.map(([userId, erasedAt]) => erasureLine(userId, erasedAt)).join(''));
    return `Wrote ${erasures.length} erasures to ${file}.`;
  } finally {
    await eventStore.close();
  }
});
