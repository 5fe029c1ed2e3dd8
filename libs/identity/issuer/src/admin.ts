import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '#files';
import { err, ok, type DomainError, type Ids, type Result } from '#kernel';
import type { Accounts } from './accounts.ts';

export interface AdminOptions {
  readonly email: string;
  /** Generated when left out. Used at the first start only. */
  readonly password?: string;
  /** Where the password also lies, in `initial-admin-password`, until it is changed. */
  readonly dataFolder: string;
}

export interface Admin {
  readonly email: string;
  /** Present when the account was made by this call: to be shown once. */
  readonly password?: string;
  readonly passwordFile: string;
}

const fileIn = (dataFolder: string): string => join(dataFolder, 'initial-admin-password');

/** Makes the admin's account when there is none with that address, and writes its password beside the data (0600). */
export async function ensureAdmin(
  accounts: Accounts,
  ids: Ids,
  { email, password, dataFolder }: AdminOptions,
): Promise<Admin> {
  const passwordFile = fileIn(dataFolder);
  if (await accounts.byAddress(email)) return { email, passwordFile };
  const chosen = password ?? generatedPassword(ids);
  // The file first: a crash after it makes both again, a crash before it would lose a password that is in force.
  writePrivateFile(passwordFile, `${chosen}\n`);
  const created = await accounts.create({ email, password: chosen, name: 'Administrator' });
  if (!created.ok) {
    await rm(passwordFile, { force: true });
    throw new Error(`the admin account cannot be created: ${created.error.detail}`);
  }
  return { email, password: chosen, passwordFile };
}

/**
 * Sets a new password: generated when none is given. The file with the first one is removed when it is of this account.
 * @returns the password in force
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

/** Whether the file holds the password that this account has. */
async function isInitialPassword(accounts: Accounts, email: string, file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text !== undefined && (await accounts.verify(email, text.trimEnd())) !== undefined;
}

/** Five groups of five from an alphabet without look-alikes: about 125 bits. */
function generatedPassword(ids: Ids): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  const letters = [...ids.random(25)].map((byte) => alphabet[byte % alphabet.length]);
  return [0, 5, 10, 15, 20].map((from) => letters.slice(from, from + 5).join('')).join('-');
}
