import process from 'node:process';
import { BACKUP_STREAM, backupDecider } from '#audit/service';
import { writeBackup } from '#backup';
import { DIRECTORY_RECORDS } from '#event-sourcing';
import { VERSION } from '#kernel';
import { openVault, StartError } from '#runtime';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { runTool } from './run.ts';
import { asOperator, configured, engineOptions, openExistingLog, requireFile } from './stores.ts';

/**
 * Exports vault and log of a running or stopped platform to a file, and records the export in the log. Records of the
 * vault stay sealed:
 * npm run admin:export -- FILE
 */
await runTool(async () => {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new StartError('Missing file. Usage: npm run admin:export -- FILE');
  const configuration = configured();
  requireFile(configuration, 'vault', 'vault.sqlite', 'vault');
  const eventStore = await openExistingLog(configuration);
  try {
    const vault = await openVault(engineOptions(configuration));
    try {
      const operator = asOperator(eventStore);
      const { records, events, position } = await writeBackup(file, {
        eventStore,
        vault,
        clock,
        ids,
        isDerived: (name) => name.startsWith(DIRECTORY_RECORDS),
        async written(content) {
          const fact = { type: 'platform.exported.v1', data: { release: VERSION, ...content } } as const;
          const recorded = await operator.commands.run(backupDecider, BACKUP_STREAM, fact, operator.context());
          if (!recorded.ok) throw new StartError(`The export could not be recorded: ${recorded.error.detail}`);
        },
      });
      return `Exported ${events} events up to position ${position} and ${records} records of the vault to ${file}. Store the sealing keys elsewhere.`;
    } finally {
      await vault.close();
    }
  } finally {
    await eventStore.close();
  }
});
