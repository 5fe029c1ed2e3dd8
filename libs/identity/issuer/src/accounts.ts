import { createHmac } from 'node:crypto';
import { domainError, err, ok, type Clock, type DomainError, type Ids, type Result } from '#kernel';
import { decodeText, encodeText, type Vault } from '#vault';
import { z } from 'zod';
import { createSessions } from './sessions.ts';
import { hashPassword, isPassword } from './passwords.ts';

const accountSchema = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string().nullable(),
  password: z.string(),
  createdAt: z.string(),
  passwordSetAt: z.string(),
});

/** An account of the built-in issuer: personal data and the hash of its password. Stored only in the vault. */
export type Account = z.infer<typeof accountSchema>;

export interface NewAccount {
  readonly email: string;
  /** At least 8 and at most 1000 characters. */
  readonly password: string;
  readonly name?: string;
}

export type AccountError = DomainError<
  'issuer/account-exists' | 'issuer/no-such-account' | 'issuer/password-form' | 'issuer/address-form'
>;

export interface Accounts {
  create(account: NewAccount): Promise<Result<Account, AccountError>>;
  find(id: string): Promise<Account | undefined>;
  byAddress(email: string): Promise<Account | undefined>;
  /** Returns the account with this address and password. An unknown address takes as long as a wrong password. */
  verify(email: string, password: string): Promise<Account | undefined>;
  /** Changes the password, and ends all sessions, refresh tokens, and codes of the account. */
  setPassword(email: string, password: string): Promise<Result<Account, AccountError>>;
  /** Deletes an account and its sessions. A repeat deletes what is left. */
  remove(id: string): Promise<void>;
}

/**
 * Creates the store of accounts.
 *
 * @param lookupKey derives the names of records from addresses, so that the names reveal nothing
 */
export function createAccounts({
  vault,
  clock,
  ids,
  lookupKey,
}: {
  readonly vault: Vault;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly lookupKey: string;
}): Accounts {
  const recordName = (id: string): string => `issuer/account/${id}`;
  const addressName = (email: string): string =>
    `issuer/account-address/${createHmac('sha256', lookupKey).update(normalized(email)).digest('hex').slice(0, 40)}`;
  const now = (): string => new Date(clock.now()).toISOString();
  let decoy: Promise<string> | undefined;

  const write = (account: Account) => vault.put(recordName(account.id), encodeText(JSON.stringify(account)));

  async function find(id: string): Promise<Account | undefined> {
    const record = await vault.get(recordName(id));
    return record && accountSchema.parse(JSON.parse(decodeText(record.value)));
  }

  async function byAddress(email: string): Promise<Account | undefined> {
    const index = await vault.get(addressName(email));
    return index && find(decodeText(index.value));
  }

  return {
    find,
    byAddress,
    async create({ email, password, name }) {
      const fault = faultOf(email, password);
      if (fault) return err(fault);
      const present = await vault.get(addressName(email));
      if (present && (await find(decodeText(present.value)))) return err(accountErrors.exists());
      const id = ids.uuid();
      // The address is claimed first, so that only one of two simultaneous requests gets it. A crash may leave a claim
      // without an account.
      const claimed = await vault.put(addressName(email), encodeText(id), { expected: present?.version ?? 'absent' });
      if (!claimed.ok) return err(accountErrors.exists());
      const account = {
        id,
        email: email.trim(),
        name: name ?? null,
        password: await hashPassword(password, ids),
        createdAt: now(),
        passwordSetAt: now(),
      };
      await write(account);
      return ok(account);
    },
    async verify(email, password) {
      const account = await byAddress(email);
      decoy ??= hashPassword('nobody has this password', ids);
      const right = await isPassword(password, account?.password ?? (await decoy));
      return right ? account : undefined;
    },
    async remove(id) {
      const account = await find(id);
      await createSessions(vault).end(id);
      const index = account && (await vault.get(addressName(account.email)));
      if (account && index && decodeText(index.value) === id) await vault.delete(addressName(account.email));
      await vault.delete(recordName(id));
    },
    async setPassword(email, password) {
      const account = await byAddress(email);
      if (!account) return err(accountErrors.none());
      const fault = faultOf(email, password);
      if (fault) return err(fault);
      const changed = { ...account, password: await hashPassword(password, ids), passwordSetAt: now() };
      await write(changed);
      await createSessions(vault).end(changed.id);
      return ok(changed);
    },
  };
}

const normalized = (email: string): string => email.normalize('NFKC').trim().toLowerCase();

function faultOf(email: string, password: string): AccountError | undefined {
  if (!/^[^\s@]{1,64}@[^\s@]{1,255}$/.test(email.trim())) return accountErrors.addressForm();
  return isPasswordForm(password) ? undefined : accountErrors.passwordForm();
}

/** Returns whether the text may be a password: 8 to 1000 characters. */
export const isPasswordForm = (password: string): boolean => password.length >= 8 && password.length <= 1_000;

const accountErrors = {
  exists: () => domainError('issuer/account-exists', 'conflict', 'An account with this address already exists.'),
  none: () => domainError('issuer/no-such-account', 'not-found', 'No account with this address exists.'),
  passwordForm: () => domainError('issuer/password-form', 'invalid', 'The password must have 8 to 1000 characters.'),
  addressForm: () => domainError('issuer/address-form', 'invalid', 'Invalid e-mail address.'),
};
