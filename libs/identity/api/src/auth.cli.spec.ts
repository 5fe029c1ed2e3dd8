import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatAccessKey } from '#access';
import { revokeKeyRequest } from '#access-keys/contract';
import { createLaptop, type Laptop } from '#cli/testing';
import {
  endSessionRequest,
  endSessionsRequest,
  listSessionsRequest,
  listUsersRequest,
  meRequest,
  setGlobalRoleRequest,
} from '#identity/contract';
import { domainError } from '#kernel';
import { temporaryFolder } from '#testing';
import { identityCommands, identityGroups } from './cli.ts';

const folder = temporaryFolder();
const key = formatAccessKey('abcdefgh', new Uint8Array(32).fill(7));

const me = {
  userId: 'user-ada',
  email: 'ada@acme.dev',
  globalRole: 'developer',
  organization: 'acme',
  orgId: 'id-of-acme',
  orgRole: 'owner',
  plan: 'developer',
  accessKey: 'astro_abcd...wxyz',
  keyId: 'keyid-of-acme',
  keyRole: 'owner',
  keyExpires: null,
} as const;

const revoked = {
  name: 'laptop',
  key: 'astro_abcd...wxyz',
  source: 'login',
  status: 'REVOKED',
  role: 'owner',
  memberId: 'user-ada',
  owner: 'ada@acme.dev',
  createdAt: '2026-01-01T00:00:00.000Z',
  expires: null,
  lastUsed: null,
  leakedAt: null,
} as const;

function laptopOf(): Laptop {
  const laptop = createLaptop(folder, { commands: identityCommands, groups: identityGroups });
  laptop.on(meRequest, () => me);
  laptop.on(revokeKeyRequest, ({ key: id }) => ({ ...revoked, id }));
  return laptop;
}

/** Makes it impossible to create the configuration folder, even for root: its path is a dangling symbolic link. */
function breakConfigFolder({ configFile }: Laptop): void {
  mkdirSync(dirname(dirname(configFile)), { recursive: true });
  symlinkSync('/nonexistent/folder', dirname(configFile));
}

describe('use-C0: the address of a login', () => {
  it('is stored, whatever address the machine used before', async () => {
    const laptop = laptopOf();
    laptop.logIn(['globex']);
    await laptop.run('auth login --with-token --api-url https://astro.acme.dev/', { stdin: key });
    expect(laptop.config()).toContain('currentApi: https://astro.acme.dev\n');
    expect((await laptop.run('whoami')).stdout).toMatch(/^apiUrl: +https:\/\/astro.acme.dev$/m);
    expect(laptop.config()).toContain('key-of-globex');
  });

  it('is unchanged when the login fails', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(meRequest, () => domainError('key/unknown', 'unauthenticated', 'No such key.'));
    expect((await laptop.run('auth login --with-token --api-url https://a.dev', { stdin: key })).exit).toBe(4);
    expect(laptop.config()).not.toContain('currentApi');
  });
});

describe('auth login --with-token', () => {
  it('verifies the key with the server, stores it, and makes its organization current', async () => {
    const laptop = laptopOf();
    const { exit, stderr } = await laptop.run('auth login --with-token', { stdin: `${key}\n` });
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: expect.stringContaining(laptop.configFile) });
    expect(laptop.sent).toEqual([{ subject: meRequest.subject, input: {}, credential: key }]);
    expect(laptop.config()).toContain(`key: ${key}`);
    expect((await laptop.run('whoami -o json')).stdout).toContain(laptop.configFile);
  });

  it('rejects text that is not a key without sending it', async () => {
    const laptop = laptopOf();
    const { exit, stderr } = await laptop.run('auth login --with-token', { stdin: 'hunter2' });
    expect({ exit, sent: laptop.sent }).toEqual({ exit: 4, sent: [] });
    expect(stderr).not.toContain('hunter2');
  });
});

describe('use-C1: with a configuration that cannot be written', () => {
  it.each(['auth login --with-token', 'auth login --username ada@acme.dev --password-stdin', 'auth login'])(
    'fails before a key is exchanged: %s',
    async (words) => {
      const laptop = laptopOf();
      breakConfigFolder(laptop);
      const { exit, stdout, stderr } = await laptop.run(words, { stdin: key });
      expect({ exit, stdout, sent: laptop.sent }).toEqual({ exit: 1, stdout: '', sent: [] });
      expect(stderr).toMatch(/^Error: \S*config\.yaml cannot be written: .*\nFix: {3}.*ASTROPULSE_CONFIG.*\n$/);
    },
  );

  it('revokes no key that could not be removed from the file', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    const path = join(laptop.folder, 'c'.repeat(250)); // the name of its temporary file would be too long
    copyFileSync(laptop.configFile, path);
    const { exit, stderr } = await laptop.run('auth logout', { environment: { ASTROPULSE_CONFIG: path } });
    expect({ exit, sent: laptop.sent }).toEqual({ exit: 1, sent: [] });
    expect(stderr).toMatch(/^Error: .* cannot be written: /);
  });
});

describe('use-C5: auth logout', () => {
  it('removes the key, the current organization, and the login', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme'], {
      currentOrg: 'id-of-acme',
      login: { accessToken: 'earlier-login', expiresAt: '2026-01-01T00:10:00Z' },
    });
    expect((await laptop.run('auth logout')).exit).toBe(0);
    expect(laptop.config()).not.toMatch(/acme|earlier-login/);
    expect(await laptop.run('whoami')).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining('astroctl auth login'),
    });
  });

  it('continues with the only remaining organization', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme', 'globex'], { currentOrg: 'id-of-acme' });
    expect((await laptop.run('auth logout')).stderr).toContain('Now using organization globex.');
    await laptop.run('whoami');
    expect(laptop.sent.at(-1)).toMatchObject({ subject: meRequest.subject, credential: 'key-of-globex' });
  });

  it('lists the remaining organizations if there are several', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme', 'globex', 'initech'], { currentOrg: 'id-of-acme' });
    await laptop.run('auth logout');
    const { exit, stderr } = await laptop.run('whoami');
    expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringMatching(/globex, initech.*\nFix: .*org use/) });
  });

  it('ignores a current organization that an earlier release did not remove', async () => {
    const laptop = laptopOf();
    laptop.logIn(['globex'], { currentOrg: 'id-of-acme' });
    expect((await laptop.run('whoami')).exit).toBe(0);
  });

  it('removes a key that the server has revoked already', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(revokeKeyRequest, () => domainError('key/revoked', 'unauthenticated', 'The key was revoked.'));
    expect((await laptop.run('auth logout')).exit).toBe(0);
    expect(laptop.config()).not.toContain('key-of-acme');
  });
});

describe('use-S11: auth logout --everywhere', () => {
  const keys = ['keyid-of-acme', 'keyid-of-another-machine'];

  it('uses a login, and removes only the keys that were revoked', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme', 'globex'], { currentOrg: 'id-of-acme' });
    laptop.on(endSessionsRequest, () => ({ issuer: 'built-in' as const, sessions: 3, keys }));
    const { exit, stderr } = await laptop.run('auth logout --everywhere', { terminal: true });
    expect({ exit, sent: laptop.sent }).toEqual({
      exit: 0,
      sent: [{ subject: endSessionsRequest.subject, input: {}, credential: 'login-1' }],
    });
    expect(stderr).toContain('Sessions ended: 3. Login keys revoked: 2.');
    expect(laptop.config()).not.toMatch(/acme|login-1/);
    expect(laptop.config()).toContain('key-of-globex');
  });

  it('refers to the external login service for its sessions', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(endSessionsRequest, () => ({ issuer: 'external' as const, sessions: 0, keys }));
    expect((await laptop.run('auth logout --everywhere', { terminal: true })).stderr).toContain('at the login service');
  });

  it('does nothing without a terminal and a login, and removes nothing if the request failed', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    expect(await laptop.run('auth logout --everywhere')).toMatchObject({ exit: 4 });
    laptop.on(endSessionsRequest, () => domainError('bus/unavailable', 'unavailable', 'Try again.'));
    expect((await laptop.run('auth logout --everywhere', { terminal: true })).exit).toBe(10);
    expect(laptop.config()).toContain('key-of-acme');
  });
});

describe('auth sessions', () => {
  const sessions = ['console', 'refresh-token'].map((kind, index) => ({
    id: `session-${index}`,
    kind: kind as 'console' | 'refresh-token',
    client: kind === 'console' ? null : 'astroctl',
    startedAt: '2026-01-01T00:00:00Z',
    expiresAt: '2026-01-02T00:00:00Z',
    lastUsedAt: null,
    current: false,
  }));

  it('lists sessions and ends one of them with a login, and keeps the key', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(listSessionsRequest, () => ({ issuer: 'built-in' as const, items: sessions }));
    laptop.on(endSessionRequest, () => ({ issuer: 'built-in' as const, sessions: 1, keys: [] }));
    expect((await laptop.run('auth sessions list', { terminal: true })).stdout).toMatch(
      /^ID +KIND +CLIENT +STARTED +LAST-USED +EXPIRES\nsession-0 +console +- .*\nsession-1 +refresh-token +astroctl /,
    );
    const { exit, stdout } = await laptop.run('auth sessions end session-1', { terminal: true });
    expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'session/session-1 ended\n' });
    expect(laptop.sent.at(-1)).toEqual({
      subject: endSessionRequest.subject,
      input: { session: 'session-1' },
      credential: 'login-1',
    });
    expect(laptop.config()).toContain('key-of-acme');
  });
});

describe('auth sessions end --others', () => {
  it('sends one request, and prints how many sessions ended', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(endSessionsRequest, () => ({ issuer: 'built-in' as const, sessions: 3, keys: [] }));
    expect(await laptop.run('auth sessions end --others --keep session-0', { terminal: true })).toMatchObject({
      exit: 0,
      stdout: 'sessions ended: 3\n',
    });
    await laptop.run('auth sessions end --others', { terminal: true });
    expect(laptop.sent.map(({ input }) => input)).toEqual([{ others: true, keep: 'session-0' }, { others: true }]);
    expect(laptop.config()).toContain('key-of-acme');
  });

  it('refers to the external login service for its sessions', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(endSessionsRequest, () => ({ issuer: 'external' as const, sessions: 1, keys: [] }));
    expect((await laptop.run('auth sessions end --others', { terminal: true })).stderr).toContain(
      'at the login service',
    );
  });

  it.each(['', '--keep session-0', 'session-0 --keep session-1', 'session-0 --others'])(
    'sends nothing without either an ID or --others: %p',
    async (words) => {
      const laptop = laptopOf();
      laptop.logIn(['acme']);
      const { exit, stderr } = await laptop.run(`auth sessions end ${words}`.trim(), { terminal: true });
      expect({ exit, sent: laptop.sent }).toEqual({ exit: 2, sent: [] });
      expect(stderr).toMatch(/^Error: .*\nFix: /);
    },
  );
});

describe('use-C5: auth login without a terminal', () => {
  it('fails immediately instead of waiting for a person', async () => {
    const laptop = laptopOf();
    const { exit, stderr } = await laptop.run('auth login --org-id acme');
    expect({ exit, sent: laptop.sent }).toEqual({ exit: 2, sent: [] });
    expect(stderr).toContain('--password-stdin');
  });

  it.each(['auth login --username ada@acme.dev', 'auth login --password-stdin'])(
    'requires address and password together: %s',
    async (words) => expect((await laptopOf().run(words)).exit).toBe(2),
  );
});

describe('whoami', () => {
  it('prints the source of the key: the environment before the file', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    const { stdout } = await laptop.run('whoami', { environment: { ASTROPULSE_API_KEY: 'key-of-environment' } });
    expect(stdout).toMatch(/^keySource: +ASTROPULSE_API_KEY$/m);
    expect(laptop.sent.at(-1)?.credential).toBe('key-of-environment');
  });

  it('prints only the name with -o name', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    expect((await laptop.run('whoami -o name')).stdout).toBe('user/user-ada\n');
  });
});

describe('users of the platform', () => {
  const ada = { id: 'user-ada', email: 'ada@acme.dev', globalRole: 'admin', state: 'ACTIVE', lastLogin: null } as const;

  it('are listed from all pages, with a login', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(listUsersRequest, ({ cursor }) =>
      cursor === undefined ? { items: [ada], next: 'page-2' } : { items: [{ ...ada, id: 'user-grace' }] },
    );
    const { stdout } = await laptop.run('user list -o name', { terminal: true });
    expect(stdout).toBe('user/user-ada\nuser/user-grace\n');
    expect(laptop.sent.map(({ credential }) => credential)).toEqual(['login-1', 'login-1']);
  });

  it('can be granted a global role', async () => {
    const laptop = laptopOf();
    laptop.logIn(['acme']);
    laptop.on(setGlobalRoleRequest, ({ role }) => ({ ...ada, globalRole: role }));
    const { stdout } = await laptop.run('user set-global-role ada@acme.dev developer', { terminal: true });
    expect(stdout).toBe('user/ada@acme.dev developer\n');
    expect((await laptop.run('user set-global-role ada@acme.dev king')).exit).toBe(2);
  });
});
