import { existsSync, readFileSync, statSync } from 'node:fs';
import { silentLogger } from '#kernel';
import { manualClock, sequenceIds, temporaryFolder } from '#testing';
import type { Vault } from '#vault';
import { loadOrCreateSealingKeys, openEmbeddedVault } from '#vault/embedded';
import { createAccounts, type Accounts } from './accounts.ts';
import { changePassword, ensureAdmin } from './admin.ts';
import { createAttempts } from './attempts.ts';
import { loadOrCreateSecrets } from './secrets.ts';

describe('the account of the admin', () => {
  const folder = temporaryFolder();
  const [clock, ids] = [manualClock(), sequenceIds()];
  const admin = { email: 'admin@astro.localhost', dataFolder: folder };
  let vault: Vault;
  let accounts: Accounts;
  let password = '';
  beforeAll(async () => {
    vault = await openEmbeddedVault({
      folder,
      clock,
      ids,
      log: silentLogger,
      sealingKeys: loadOrCreateSealingKeys(folder),
    });
    accounts = createAccounts({ vault, clock, ids, lookupKey: (await loadOrCreateSecrets(vault, ids)).lookup });
  });
  afterAll(() => vault.close());

  it('is created at the first start, with its password in a file that only its owner can read', async () => {
    const made = await ensureAdmin(accounts, ids, admin);
    password = made.password ?? '';
    expect(password).toMatch(/^([a-z2-9]{5}-){4}[a-z2-9]{5}$/);
    expect(readFileSync(made.passwordFile, 'utf8')).toBe(`${password}\n`);
    expect(statSync(made.passwordFile).mode & 0o777).toBe(0o600);
    expect(await accounts.verify('Admin@Astro.localhost', password)).toMatchObject({ email: admin.email });
  });

  it('is unchanged by later starts', async () => {
    expect(await ensureAdmin(accounts, ids, { ...admin, password: 'another pass phrase' })).not.toHaveProperty(
      'password',
    );
    expect(await accounts.verify(admin.email, password)).toBeDefined();
    expect(await accounts.verify(admin.email, 'another pass phrase')).toBeUndefined();
  });

  it('use-S15: keeps the file with its initial password while others change theirs', async () => {
    await accounts.create({ email: 'grace@acme.dev', password: 'a pass phrase' });
    const other = { email: 'grace@acme.dev', dataFolder: folder };
    expect(await changePassword(accounts, ids, other)).toMatchObject({ ok: true });
    expect(await changePassword(accounts, ids, { ...other, password: 'short' })).toMatchObject({ ok: false });
    expect(await changePassword(accounts, ids, { ...admin, password: 'short' })).toMatchObject({ ok: false });
    expect(readFileSync(`${folder}/initial-admin-password`, 'utf8')).toBe(`${password}\n`);
  });

  it('removes the file with the initial password when the password changes', async () => {
    const changed = await changePassword(accounts, ids, admin);
    expect(existsSync(`${folder}/initial-admin-password`)).toBe(false);
    expect(await accounts.verify(admin.email, password)).toBeUndefined();
    expect(await accounts.verify(admin.email, changed.ok ? changed.value : '')).toBeDefined();
    expect(await changePassword(accounts, ids, { ...admin, password: 'short' })).toMatchObject({
      ok: false,
      error: { code: 'issuer/password-form' },
    });
  });

  it('is created once by simultaneous starts', async () => {
    const made = await Promise.all(
      Array.from({ length: 5 }, () => accounts.create({ email: 'once@acme.dev', password: 'a pass phrase' })),
    );
    expect(made.filter(({ ok }) => ok)).toHaveLength(1);
    expect(await accounts.verify('once@acme.dev', 'a pass phrase')).toBeDefined();
  });
});

describe('attempts', () => {
  it('are blocked at the limit until their window ends, separately for each key', () => {
    const clock = manualClock();
    const attempts = createAttempts({ clock, limit: 2, windowMs: 1_000 });
    expect(attempts.start('a')).toBe(0);
    expect(attempts.start('a')).toBe(0);
    clock.advance(400);
    expect(attempts.start('a')).toBe(600);
    expect(attempts.start('b')).toBe(0);
    clock.advance(600);
    expect(attempts.start('a')).toBe(0);
  });

  it('do not count unless they failed, and are reset after a success', () => {
    const attempts = createAttempts({ clock: manualClock(), limit: 2, windowMs: 1_000 });
    attempts.start('a');
    attempts.undo('a');
    expect([attempts.start('a'), attempts.start('a')]).toEqual([0, 0]);
    expect(attempts.start('a')).toBe(1_000);
    attempts.succeeded('a');
    expect(attempts.start('a')).toBe(0);
  });
});
