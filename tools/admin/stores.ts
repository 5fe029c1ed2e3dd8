import { statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { EventStore } from '#event-store';
import { createCommandRunner } from '#event-sourcing';
import { silentLogger as log, type CommandContext } from '#kernel';
import { openEventStore, readConfiguration, StartError, type Configuration } from '#runtime';
import { systemClock as clock, systemIds as ids } from '#runtime/system';

/** Returns the configuration of the environment. @throws StartError */
export function configured(): Configuration {
  const read = readConfiguration(process.env);
  if (!read.ok) throw new StartError(read.error.join('\n'));
  return read.value.configuration;
}

/** Options with which tools open engines. */
export const engineOptions = (configuration: Configuration) => ({
  configuration,
  folder: configuration.dataDir,
  clock,
  ids,
  log,
});

/**
 * Opens the event log of an existing platform. A missing log is an error, since a new one would be empty and intact.
 *
 * @throws StartError
 */
export function openExistingLog(configuration: Configuration): Promise<EventStore> {
  requireFile(configuration, 'eventStore', 'events.sqlite', 'event log');
  return openEventStore(engineOptions(configuration));
}

/** @throws StartError if an embedded engine has no file */
export function requireFile(
  { dataDir, ...configuration }: Configuration,
  port: 'eventStore' | 'vault',
  file: string,
  title: string,
): void {
  if (configuration[port].kind === 'embedded' && !statSync(join(dataDir, file), { throwIfNoEntry: false }))
    throw new StartError(`${dataDir} contains no ${title}; set ASTRO_DATA_DIR to the data folder of a platform.`);
}

/** Returns a runner of commands, and a context for each: the operator, who has access to all data anyway. */
export function asOperator(eventStore: EventStore) {
  const hex = () => Buffer.from(ids.random(16)).toString('hex');
  const correlationId = ids.uuid();
  return {
    commands: createCommandRunner({ eventStore, clock, ids, log }),
    context: (): CommandContext => ({
      actor: { id: 'system:operator', kind: 'system', isGlobalAdmin: false },
      commandId: `${hex()}.${hex()}`,
      correlationId,
    }),
  };
}
