import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '#files';
import { err, ok, type DomainError, type Ids, type Result } from '#kernel';
import type { Accounts } from './accounts.ts';

export interface AdminOptions {
  readonly email: string;
  /** Password at the first start. Default: a generated one. */
  readonly password?: string;
  /** Folder of `initial-admin-password`, which contains the password until it is changed. */
  readonly dataFolder: string;
}

export interface Admin {
  readonly email: string;
  /** Present if this call created the account: the password to print once. */
  readonly password?: string;
  readonly passwordFile: string;
}

const fileIn = (dataFolder: string): string => join(dataFolder, 'initial-admin-password');

/**
 * Creates the admin's account if no account has the address, and writes its password to the data folder (mode 0600).
 */
export async function ensureAdmin(
  accounts: Accounts,
  ids: Ids,
  { email, password, dataFolder }: AdminOptions,
): Promise<Admin> {
  const passwordFile = fileIn(dataFolder);
  if (await accounts.byAddress(email)) return { email, passwordFile };
  const chosen = password ?? generatedPassword(ids);
  // The file is written first: after a crash, both are created again, and no password in use is lost.
  writePrivateFile(passwordFile, `${chosen}\n`);
  const created = await accounts.create({ email, password: chosen, name: 'Administrator' });
  if (!created.ok) {
    await rm(passwordFile, { force: true });
    throw new Error(`the admin account cannot be created: ${created.error.detail}`);
  }
  return { email, password: chosen, passwordFile };
}

/**
 * Changes a password. The file with the initial password is removed if it belongs to this account.
 *
 * @param options.password default: a generated one
 * @returns the new password
 */
export async function changePassword(
  accounts: Accounts,
  ids: Ids,
  { email, password, dataFolder }: AdminOptions,
): Promise<Result<string, DomainError>> {
  const chosen = password ?? generatedPassword(ids);
  const isFirst = await isInitialPassword(accounts, email, fileIn(dataFolder));
  const changed = await accounts.setPassword(email, chosen);
  if (!changed.ok) return err(changed.error);
  if (isFirst) await rm(fileIn(dataFolder), { force: true });
  return ok(chosen);
}

/** Returns whether the file contains the password of this account. */
async function isInitialPassword(accounts: Accounts, email: string, file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text !== undefined && (await accounts.verify(email, text.trimEnd())) !== undefined;
}

/** Returns five groups of five characters from an alphabet without similar letters: about 125 bits. */
function generatedPassword(ids: Ids): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  const letters = [...ids.random(25)].map((byte) => alphabet[byte % alphabet.length]);
  return [0, 5, 10, 15, 20].map((from) => letters.slice(from, from + 5).join('')).join('-');
}
