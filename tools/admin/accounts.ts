import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createAccounts, loadOrCreateSecrets, type Accounts } from '#identity/issuer';
import { createLogger, openVault, readConfiguration, StartError, type Configuration } from '#runtime';
import { systemClock, systemIds } from '#runtime/system';

/** Arguments of a tool for accounts of the built-in issuer. */
export interface Opened {
  readonly accounts: Accounts;
  readonly configuration: Configuration;
}

/**
 * Opens the accounts of the built-in issuer in the data folder of the environment, whether the platform is running or
 * not, and closes them when `work` has settled.
 * @throws StartError with one sentence
 */
export async function withAccounts<T>(
  environment: Readonly<Record<string, string | undefined>>,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const read = readConfiguration(environment);
  if (!read.ok) throw new StartError(read.error.join('\n'));
  const { configuration } = read.value;
  const folder = configuration.dataDir;
  // A missing vault is an error, since a new one would belong to no platform.
  if (configuration.vault.kind === 'embedded' && !statSync(join(folder, 'vault.sqlite'), { throwIfNoEntry: false }))
    throw new StartError(
      `${folder} is not the data folder of a platform; start it once (npm start), or set ASTRO_DATA_DIR.`,
    );
  if (configuration.oidc.kind === 'external')
    throw new StartError(
      'Accounts are managed by the external issuer (ASTRO_OIDC_ISSUER); create and change them there.',
    );
  const log = createLogger('admin', { clock: systemClock, file: join(folder, 'admin.log') });
  const vault = await openVault({ configuration, folder, clock: systemClock, ids: systemIds, log });
  try {
    const { lookup } = await loadOrCreateSecrets(vault, systemIds);
    return await work({
      accounts: createAccounts({ vault, clock: systemClock, ids: systemIds, lookupKey: lookup }),
      configuration,
    });
  } finally {
    await vault.close();
  }
}

/** Reads standard input without the trailing line break. Returns '' on a terminal. */
export async function passwordFrom(input: NodeJS.ReadStream): Promise<string> {
  if (input.isTTY) return '';
  let text = '';
  for await (const part of input.setEncoding('utf8')) text += String(part);
  return text.replace(/\r?\n$/, '');
}
