import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { callerKeyNames, deriveCallerKeys, loadCallerKeys, parseCallerKeys, type CallerKeys } from '#bus';
import { writePrivateFile } from '#files';
import { readConfiguration, StartError } from '#runtime';
import { CONTRACTS, SERVICES } from './platform.ts';
import { runTool } from './run.ts';

/**
 * Prints the caller keys of one service, derived from the master keys in ASTRO_CALLER_KEYS or in the data folder. With
 * --to, writes a file for each service (0600), and prints the paths.
 *   npm run --silent admin:caller-keys -- SERVICE
 *   npm run --silent admin:caller-keys -- --to FOLDER
 */
await runTool(async () => {
  const [first, folder] = process.argv.slice(2);
  if (first === '--to' && folder !== undefined) {
    const masters = masterKeys();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return SERVICES.map((service) => {
      const file = join(folder, `${service}.caller-keys`);
      writePrivateFile(file, `${keysOf(masters, service)}\n`);
      return file;
    }).join('\n');
  }
  if (first === undefined || !SERVICES.includes(first))
    throw new StartError(
      `${first === undefined ? 'Missing service' : `No service is named ${first}`}; usage: admin:caller-keys -- SERVICE, or --to FOLDER for all; the services are ${SERVICES.join(', ')}.`,
    );
  return keysOf(masterKeys(), first);
});

function masterKeys(): CallerKeys {
  const read = readConfiguration(process.env);
  if (!read.ok) throw new StartError(read.error.join('\n'));
  const { callerKeys, dataDir } = read.value.configuration;
  const keys = callerKeys === undefined ? loadCallerKeys(dataDir) : parseCallerKeys(callerKeys);
  if (!keys)
    throw new StartError(
      'Missing master keys; set ASTRO_CALLER_KEYS to them. To make one: ASTRO_CALLER_KEYS="k1:$(openssl rand -base64 32)"',
    );
  if (!keys.ok) throw new StartError(keys.error.detail);
  return keys.value;
}

function keysOf(masters: CallerKeys, service: string): string {
  const keys = deriveCallerKeys(masters, service, callerKeyNames(service, CONTRACTS));
  if (!keys.ok) throw new StartError(keys.error.detail);
  return keys.value;
}
