import { createKeyRequest, revokeKeyRequest, rotateKeyRequest } from '#access-keys/contract';
import { createLaptop, type Laptop } from '#cli/testing';
import { temporaryFolder } from '#testing';
import { accessKeysCommands, accessKeysGroups } from './cli.ts';

const folder = temporaryFolder();

const view = {
  id: 'key_1',
  name: 'ci',
  key: 'astro_abcd...wxyz',
  source: 'cli',
  status: 'ACTIVE',
  role: 'editor',
  memberId: 'user-ada',
  owner: 'ada@acme.dev',
  createdAt: '2026-01-01T00:00:00.000Z',
  expires: '2026-04-01T00:00:00.000Z',
  lastUsed: '2026-01-02T12:34:00Z',
  leakedAt: null,
} as const;
const replaced = { id: 'key_1', worksUntil: '2026-01-02T13:34:00.000Z' };

function laptopOf(): Laptop {
  const laptop = createLaptop(folder, { commands: accessKeysCommands, groups: accessKeysGroups });
  laptop.logIn(['acme']);
  return laptop;
}

describe('astroctl key create', () => {
  it('prints only the key to standard output, and both export lines to standard error', async () => {
    const laptop = laptopOf();
    laptop.on(createKeyRequest, () => ({ ...view, secret: 'astro_the-key' }));
    const { exit, stdout, stderr } = await laptop.run('key create --name ci', { terminal: true });
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'astro_the-key\n' });
    expect(stderr).toContain('export ASTROPULSE_API_KEY=');
    expect(stderr).toContain('export ASTROPULSE_API_URL=http://127.0.0.1:8080');
    expect(stderr).not.toContain('astro_the-key');
    expect(laptop.sent.at(-1)?.input).toEqual({ org: 'id-of-acme', name: 'ci' });
  });

  it('creates a key for a service member', async () => {
    const laptop = laptopOf();
    laptop.on(createKeyRequest, () => ({ ...view, secret: 'astro_the-key' }));
    await laptop.run('key create --name ci --service ci-deploy --role viewer --expires 30d', { terminal: true });
    expect(laptop.sent.at(-1)?.input).toMatchObject({ service: 'ci-deploy', role: 'viewer', expires: '30d' });
  });

  it('fails without output if the secret was shown before', async () => {
    const laptop = laptopOf();
    laptop.on(createKeyRequest, () => ({ ...view, secret: null }));
    const { exit, stdout, stderr } = await laptop.run('key create --name ci', { terminal: true });
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: '' });
    expect(stderr).toContain('key_1');
  });
});

describe('astroctl key rotate', () => {
  it('prints only the new key, and when the replaced one ends', async () => {
    const laptop = laptopOf();
    laptop.on(rotateKeyRequest, () => ({ ...view, id: 'key_2', secret: 'astro_the-new-key', replaced }));
    const before = laptop.config();
    const { exit, stdout, stderr } = await laptop.run('key rotate key_1 --grace 24h');
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'astro_the-new-key\n' });
    expect(stderr).toContain('The replaced key (key_1) ends at 2026-01-02T13:34:00.000Z.');
    expect(laptop.sent.at(-1)?.input).toEqual({ org: 'id-of-acme', key: 'key_1', grace: '24h' });
    expect(laptop.config()).toBe(before);
  });

  it('stores the new key if this machine uses the replaced one', async () => {
    const laptop = laptopOf();
    const stored = { id: 'keyid-of-acme', worksUntil: replaced.worksUntil };
    laptop.on(rotateKeyRequest, () => ({ ...view, id: 'key_2', secret: 'astro_the-new-key', replaced: stored }));
    const { exit, stderr } = await laptop.run('key rotate keyid-of-acme');
    expect({ exit, input: laptop.sent.at(-1)?.input['grace'] }).toEqual({ exit: 0, input: '1h' });
    expect(stderr).toContain('This machine uses the new key from now on.');
    expect(laptop.config()).toContain('astro_the-new-key');
    expect(laptop.config()).toContain('key_2');
    expect(laptop.config()).not.toContain('keyid-of-acme');
  });

  it('keeps the stored key if the secret of the new one was shown before', async () => {
    const laptop = laptopOf();
    const before = laptop.config();
    const stored = { id: 'keyid-of-acme', worksUntil: replaced.worksUntil };
    laptop.on(rotateKeyRequest, () => ({ ...view, id: 'key_2', secret: null, replaced: stored }));
    expect((await laptop.run('key rotate keyid-of-acme')).exit).toBe(1);
    expect(laptop.config()).toBe(before);
  });
});

describe('astroctl key revoke --dry-run', () => {
  const lastLine = async (changed: Partial<{ status: 'REVOKED' | 'ROTATED'; lastUsed: null }>) => {
    const laptop = laptopOf();
    laptop.on(revokeKeyRequest, () => ({ ...view, ...changed }));
    const { exit, stderr } = await laptop.run('key revoke key_1 --dry-run');
    expect({ exit, dryRun: laptop.sent.at(-1)?.dryRun }).toEqual({ exit: 0, dryRun: true });
    return stderr.trimEnd().split('\n').at(-1);
  };

  it('says who loses what', async () => {
    const lost = 'ci, with the role editor, of ada@acme.dev: every request with this key would be refused; ';
    expect(await lastLine({})).toBe(`${lost}last used 2026-01-02T12:34:00Z.`);
    expect(await lastLine({ status: 'ROTATED', lastUsed: null })).toBe(`${lost}it has not been used.`);
    expect(await lastLine({ status: 'REVOKED' })).toContain('the key is REVOKED; nothing stops');
  });
});
