import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { createPrivateFile } from '#files';
import { createUserSeed, natsAuthorization, natsPermissions, publicKeyOfSeed, type NatsUser } from '#nats';
import { StartError } from '#runtime';
import { CONTRACTS, QUEUES, SERVICES } from './platform.ts';
import { runTool } from './run.ts';

/** `SERVICE.nk`, and `SERVICE.ANYTHING.nk` while a user is replaced. */
const SEED_FILE = /^([a-z0-9-]+)(?:\.[A-Za-z0-9-]+)?\.nk$/;

/**
 * Prints the `authorization` block for nats-server, with a limited NKEY user for each service. The seeds are in
 * FOLDER/SERVICE.nk (0600). Missing ones are created.
 *   npm run --silent admin:nats -- FOLDER > authorization.conf
 */
await runTool(async () => {
  const [given] = process.argv.slice(2);
  if (given === undefined || given.startsWith('-'))
    throw new StartError('Missing folder; usage: admin:nats -- FOLDER, where the seeds of the users are, or will be.');
  const folder = resolve(given);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const service of SERVICES) createPrivateFile(join(folder, `${service}.nk`), `${createUserSeed()}\n`);
  const users = readdirSync(folder)
    .toSorted()
    .flatMap((name) => userIn(folder, name) ?? []);
  return natsAuthorization(users);
});

function userIn(folder: string, name: string): NatsUser | undefined {
  const service = SEED_FILE.exec(name)?.[1];
  if (service === undefined || !SERVICES.includes(service)) return undefined;
  const seedFile = join(folder, name);
  const publicKey = publicKeyOfSeed(readFileSync(seedFile, 'utf8'));
  if (publicKey === undefined)
    throw new StartError(`${seedFile} contains no seed of a NATS user; restore it, or delete it to make a new one.`);
  return { service, publicKey, seedFile, permissions: natsPermissions(service, CONTRACTS, QUEUES) };
}
