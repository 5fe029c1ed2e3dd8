import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { BACKUP_STREAM, backupDecider } from '#audit/service';
import { checkBackup, readErasures, restoreBackup, verifyRestored, type Erasures } from '#backup';
import type { EventStore } from '#event-store';
import { createAccounts, loadOrCreateSecrets } from '#identity/issuer';
import { eraseRestored } from '#identity/service';
import { sequenceOf } from '#kernel';
import {
  endImport,
  markImport,
  openDataFolder,
  openEventStore,
  openVault,
  StartError,
  type Configuration,
} from '#runtime';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import type { SealedVault } from '#vault';
import { runTool } from './run.ts';
import { asOperator, configured, engineOptions } from './stores.ts';

const USAGE = 'Usage: npm run admin:import -- FILE --erasures PATH';

/**
 * Imports a backup into engines that were never used, and erases again who was erased since. The platform must not be
 * running:
 * npm run admin:import -- FILE [--erasures PATH]... [--without-erasures]
 */
await runTool(async () => {
  const { file, paths } = argumentsOf(process.argv.slice(2));
  const configuration = configured();
  const later = await laterErasures(configuration, paths);
  requireSealingKeys(configuration);
  const folder = openDataFolder(configuration.dataDir, 'platform');
  try {
    const eventStore = await openEventStore(engineOptions(configuration));
    try {
      const vault = await openVault(engineOptions(configuration));
      try {
        return await importInto({ eventStore, vault, configuration }, file, later);
      } finally {
        await vault.close();
      }
    } finally {
      await eventStore.close();
    }
  } finally {
    folder.release();
  }
});

interface Target {
  readonly eventStore: EventStore;
  readonly vault: SealedVault;
  readonly configuration: Configuration;
}

async function importInto(target: Target, file: string, later: Erasures): Promise<string> {
  const { eventStore, vault } = target;
  await requireUnused(target);
  const { header, end, erasures } = await checkBackup(file, vault);
  await markImport(vault);
  await restoreBackup(file, target);
  const again = [...later].filter(([userId]) => !erasures.has(userId));
  await erase(target, [...erasures, ...again]);
  const operator = asOperator(eventStore);
  const fact = {
    type: 'platform.imported.v1',
    data: { release: header.release, exportedAt: header.createdAt, ...end, erasures: again.length },
  } as const;
  const recorded = await operator.commands.run(backupDecider, BACKUP_STREAM, fact, operator.context());
  if (!recorded.ok) throw new StartError(`The import could not be recorded: ${recorded.error.detail}`);
  const streams = await verifyRestored(eventStore);
  await endImport(vault);
  return [
    `Imported ${end.events} events and ${end.records} records of the vault, exported at ${header.createdAt}.`,
    `Erased again: ${again.length} people. The hash chains of all ${streams} streams are intact.`,
    'Next: npm start',
  ].join('\n');
}

function argumentsOf(args: readonly string[]): {
  readonly file: string;
  readonly paths: readonly string[] | undefined;
} {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { erasures: { type: 'string', multiple: true }, 'without-erasures': { type: 'boolean' } },
    });
  } catch (cause) {
    throw new StartError(`${cause instanceof Error ? cause.message : String(cause)}. ${USAGE}`, { cause });
  }
  const { values, positionals } = parsed;
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new StartError(`Name one backup. ${USAGE}`);
  return { file, paths: values['without-erasures'] === true ? (values.erasures ?? []) : values.erasures };
}

/**
 * Returns who was erased after the backup was made, according to the lists of the operator, or else to the folder of
 * ASTRO_AUDIT_SINK.
 *
 * @param paths lists; undefined if the arguments do not say
 * @throws StartError without a list: an erased person would be readable again
 */
async function laterErasures({ auditSink }: Configuration, paths: readonly string[] | undefined): Promise<Erasures> {
  const outside = auditSink?.kind === 'folder' ? join(auditSink.path, 'erasures') : undefined;
  const found = paths ?? (outside !== undefined && existsSync(outside) ? [outside] : undefined);
  if (!found)
    throw new StartError(
      'Who was erased after the backup was made is not known, and would be readable again; add --erasures PATH (a file of npm run admin:erasures, the folder erasures of ASTRO_AUDIT_SINK, or a later backup), or --without-erasures if nobody was.',
    );
  const erasures: Erasures = new Map();
  for (const path of found) for (const [userId, erasedAt] of await readErasures(path)) erasures.set(userId, erasedAt);
  return erasures;
}

/** @throws StartError if sealing keys would be generated, which open nothing in the backup */
function requireSealingKeys({ vault, sealingKeys, dataDir }: Configuration): void {
  if (vault.kind === 'embedded' && sealingKeys === undefined && !existsSync(join(dataDir, 'sealing-keys')))
    throw new StartError(
      `Missing sealing keys; copy the file sealing-keys of the exported platform to ${dataDir}, or set ASTRO_SEALING_KEYS.`,
    );
}

/** @throws StartError if the engines contain anything */
async function requireUnused({ eventStore, vault, configuration }: Target): Promise<void> {
  const hasEvents = sequenceOf(await eventStore.head()) > 0;
  const first = await vault.list('')[Symbol.asyncIterator]().next();
  if (hasEvents || first.done !== true)
    throw new StartError(
      `The ${hasEvents ? 'event log' : 'vault'} is already in use. Import into a new data folder that contains only sealing-keys (ASTRO_DATA_DIR is ${configuration.dataDir}), or into databases that no platform has used.`,
    );
}

async function erase({ eventStore, vault, configuration }: Target, people: readonly (readonly [string, string])[]) {
  if (people.length === 0) return;
  const { commands, context } = asOperator(eventStore);
  const isBuiltIn = configuration.oidc.kind === 'built-in';
  const lookupKey = isBuiltIn ? (await loadOrCreateSecrets(vault, ids)).lookup : undefined;
  const accounts = lookupKey === undefined ? undefined : createAccounts({ vault, clock, ids, lookupKey });
  for (const [userId, erasedAt] of people) {
    const erased = await eraseRestored({ userId, erasedAt }, { commands, vault, clock, ids, accounts }, context());
    if (!erased.ok) throw new StartError(`User ${userId} could not be erased again: ${erased.error.detail}`);
  }
}
