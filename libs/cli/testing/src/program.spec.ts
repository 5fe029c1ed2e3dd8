import { PUBLIC } from '#access';
import { request } from '#bus/contract';
import { implement, isCommandError, type CommandDeclarations, type Session } from '#cli';
import { domainError } from '#kernel';
import { temporaryFolder } from '#testing';
import { z } from 'zod';
import { createLaptop } from './laptop.ts';

const readRequest = request({
  subject: 't.v1.read',
  route: 'GET /v1/organizations/{org}/thing',
  permission: 'organization.read',
  input: z.strictObject({ org: z.string() }),
  output: z.strictObject({ text: z.string() }),
  timeoutMs: 1_000,
});
const adminRequest = request({ ...readRequest, subject: 't.v1.admin', permission: 'platform.users' });
const publicRequest = request({ ...readRequest, subject: 't.v1.public', permission: PUBLIC });

const declarations = {
  read: {
    path: ['thing', 'get'],
    summary: 'Reads a thing',
    options: { name: { positional: 'optional', help: 'name' }, field: { help: 'field', value: 'key' } },
    examples: ['astroctl thing get'],
  },
  admin: { path: ['thing', 'admin'], summary: 'Needs a login', examples: [] },
  open: { path: ['thing', 'open'], summary: 'Needs nothing', examples: [] },
  ask: { path: ['thing', 'delete'], summary: 'Asks first', examples: [] },
  broken: { path: ['thing', 'break'], summary: 'Has a defect', examples: [] },
} as const satisfies CommandDeclarations;

async function send(session: Session, contract: typeof readRequest) {
  const org = contract.permission === 'organization.read' ? await session.organization() : 'any';
  if (isCommandError(org)) return org;
  const reply = await session.call(contract, { org });
  if (!reply.ok) return reply.failure;
  session.print.line(reply.value.text);
  return 0;
}

const commands = implement(declarations, () =>
  Promise.resolve({
    read: (_options, session) => send(session, readRequest),
    admin: (_options, session) => send(session, adminRequest),
    open: (_options, session) => send(session, publicRequest),
    async ask(_options, session) {
      const sure = await session.confirm('Sure?');
      return isCommandError(sure) ? sure : 0;
    },
    broken: () => Promise.reject(new TypeError('x is undefined')),
  }),
);

const folder = temporaryFolder();
function laptopOf(slugs: readonly string[] = ['acme'], more: Readonly<Record<string, unknown>> = {}) {
  const laptop = createLaptop(folder, { commands, groups: [{ path: ['thing'], summary: 'Things' }] });
  if (slugs.length > 0) laptop.logIn(slugs, more);
  for (const contract of [readRequest, adminRequest, publicRequest]) laptop.on(contract, ({ org }) => ({ text: org }));
  return laptop;
}
const environment = { ASTROPULSE_API_KEY: 'key-of-environment' };

describe('the organization and key of a command', () => {
  it('are those of this machine if there is only one', async () => {
    const laptop = laptopOf();
    expect(await laptop.run('thing get')).toEqual({ exit: 0, stdout: 'id-of-acme\n', stderr: '' });
    expect(laptop.sent[0]?.credential).toBe('key-of-acme');
  });

  it('are those of the current organization if there are several', async () => {
    const laptop = laptopOf(['acme', 'globex'], { currentOrg: 'id-of-globex' });
    expect((await laptop.run('thing get')).stdout).toBe('id-of-globex\n');
  });

  it.each(['--org acme', '--org-id acme', '--org id-of-acme'])(
    'are those of the flag rather than the file: %s',
    async (flag) => {
      const laptop = laptopOf(['acme', 'globex'], { currentOrg: 'id-of-globex' });
      expect((await laptop.run(`thing get ${flag}`)).stdout).toBe('id-of-acme\n');
    },
  );

  it('are those of the environment rather than the file', async () => {
    const laptop = laptopOf();
    expect((await laptop.run('thing get', { environment })).stdout).toBe('id-of-environment\n');
    expect(laptop.sent[0]?.credential).toBe('key-of-environment');
  });

  it('are rejected when flag and environment differ', async () => {
    const laptop = laptopOf();
    const { exit, stderr } = await laptop.run('thing get --org acme', { environment });
    expect({ exit, sent: laptop.sent }).toEqual({ exit: 2, sent: [] });
    expect(stderr).toContain('ASTROPULSE_API_KEY');
    expect((await laptop.run('thing get --org environment', { environment })).exit).toBe(0);
  });

  it('must be chosen when there are several, which the error lists', async () => {
    const { exit, stderr } = await laptopOf(['acme', 'globex']).run('thing get');
    expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringContaining('acme, globex') });
  });

  it('require a login when this machine has no key', async () => {
    expect(await laptopOf([]).run('thing get')).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining('auth login'),
    });
    expect(await laptopOf().run('thing get --org globex')).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining('auth login --org-id globex'),
    });
  });

  it('are replaced by a login if the permission requires it, and with --as-admin', async () => {
    const laptop = laptopOf();
    expect((await laptop.run('thing admin')).exit).toBe(4);
    await laptop.run('thing admin', { terminal: true });
    await laptop.run('thing get --as-admin --org globex', { terminal: true });
    expect(laptop.sent.map(({ credential }) => credential)).toEqual(['login-1', 'login-1']);
    laptop.clock.advance(16 * 60_000);
    await laptop.run('thing admin', { terminal: true });
    expect(laptop.sent.at(-1)?.credential).toBe('login-2');
  });

  describe('use-S19: a key and a login of different people', () => {
    const adasLogin = { login: { accessToken: 'ada', expiresAt: '2099-01-01T00:00:00Z' } };

    it('are rejected before either is used, with both people in the error', async () => {
      const laptop = laptopOf(['acme'], adasLogin);
      laptop.belongsTo('key-of-environment', 'user-grace');
      const { exit, stderr } = await laptop.run('thing admin', { environment });
      expect({ exit, sent: laptop.sent }).toEqual({ exit: 2, sent: [] });
      expect(stderr).toBe(
        'Error: The key in ASTROPULSE_API_KEY is of grace@acme.dev, but the login is of ada@acme.dev. This command needs a login, and nothing was done.\n' +
          'Fix:   unset ASTROPULSE_API_KEY to act as ada@acme.dev, or log in as grace@acme.dev: astroctl auth login\n',
      );
    });

    it('are rejected for a key from the file and a new login, which is not stored', async () => {
      const laptop = laptopOf();
      laptop.belongsTo('key-of-acme', 'user-grace');
      const { exit, stderr } = await laptop.run('thing admin', { terminal: true });
      expect({ exit, sent: laptop.sent, logins: laptop.logins }).toEqual({ exit: 2, sent: [], logins: 1 });
      expect(stderr).toContain('The key of acme in ');
      expect(laptop.config()).not.toContain('login-1');
    });

    it('are rejected when the server requires a login instead of the key', async () => {
      const laptop = laptopOf(['acme'], adasLogin);
      laptop.belongsTo('key-of-environment', 'user-grace');
      laptop.on(readRequest, () => domainError('key/login-required', 'forbidden', 'A login is required.'));
      expect((await laptop.run('thing get', { environment })).exit).toBe(2);
      expect(laptop.sent.map(({ credential }) => credential)).toEqual(['key-of-environment']);
    });

    it('are accepted with --as-admin, where the login replaces the key', async () => {
      const laptop = laptopOf(['acme'], adasLogin);
      laptop.belongsTo('key-of-environment', 'user-grace');
      expect((await laptop.run('thing get --as-admin --org acme', { environment })).exit).toBe(0);
      expect(laptop.sent[0]?.credential).toBe('ada');
    });

    it('are not reported when both belong to the same person', async () => {
      const laptop = laptopOf(['acme'], adasLogin);
      expect((await laptop.run('thing admin', { environment })).exit).toBe(0);
      expect(laptop.sent[0]?.credential).toBe('ada');
    });
  });

  it('are not sent on a public route', async () => {
    const laptop = laptopOf([]);
    expect((await laptop.run('thing open')).exit).toBe(0);
    expect(laptop.sent[0]).not.toHaveProperty('credential');
  });
});

describe('the address of the platform', () => {
  it('is that of the flag, or else of the environment', async () => {
    const laptop = laptopOf();
    const elsewhere = { ASTROPULSE_API_URL: 'https://elsewhere.dev/' };
    expect((await laptop.run('thing get', { environment: elsewhere })).stderr).toContain('at https://elsewhere.dev.');
    expect((await laptop.run('thing get --api-url http://127.0.0.1:8080', { environment: elsewhere })).exit).toBe(0);
  });

  it('use-C0: is otherwise the current one of the file, which a login sets', async () => {
    const laptop = laptopOf([]);
    laptop.logIn(['acme'], {}, { currentApi: 'https://astro.acme.dev' });
    expect((await laptop.run('thing get')).stderr).toContain('not logged in at https://astro.acme.dev.');
    expect((await laptop.run('thing get --api-url http://127.0.0.1:8080')).exit).toBe(0);
    const elsewhere = { ASTROPULSE_API_URL: 'http://127.0.0.1:8080' };
    expect((await laptop.run('thing get', { environment: elsewhere })).exit).toBe(0);
  });

  it('is mentioned in the error when the key of the environment may belong to another platform', async () => {
    const laptop = createLaptop(folder, { commands });
    const { stderr } = await laptop.run('thing get', { environment });
    expect(stderr).toBe(
      'Error: No server responds at http://127.0.0.1:8080, which is the default address.\nFix:   set ASTROPULSE_API_URL in addition to ASTROPULSE_API_KEY, or start the platform: npm start\n',
    );
  });

  it.each(['nonsense', 'ftp://x'])('is rejected if it is invalid: %s', async (url) =>
    expect((await laptopOf().run(`thing get --api-url ${url}`)).exit).toBe(2),
  );
});

describe('the end of a command', () => {
  it('is the exit code and the text of an error', async () => {
    const laptop = laptopOf();
    laptop.on(readRequest, () =>
      domainError('thing/not-found', 'not-found', 'No thing.', { fix: 'astroctl thing get' }),
    );
    expect(await laptop.run('thing get')).toEqual({
      exit: 6,
      stdout: '',
      stderr: 'Error: No thing.\nFix:   astroctl thing get\nRef:   thing/not-found  request request-1\n',
    });
    expect(JSON.parse((await laptop.run('thing get -o json')).stderr)).toMatchObject({ code: 'thing/not-found' });
  });

  it('is 10, with the address, when the platform cannot be reached', async () => {
    const laptop = createLaptop(folder, { commands });
    laptop.logIn(['acme']);
    expect(await laptop.run('thing get')).toMatchObject({ exit: 10, stderr: expect.stringContaining('npm start') });
  });

  it.each(['nothing', 'thing gat', 'thing get --nope', 'thing get --output nope', 'thing get --request-timeout soon'])(
    'is 2 for wrong usage: %s',
    async (words) => expect((await laptopOf().run(words)).exit).toBe(2),
  );

  it.each(['-h', 'thing -h', 'thing get -h', '--version'])('is 0 after help: %s', async (words) => {
    const { exit, stderr } = await laptopOf().run(words);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  });

  it('follows a confirmation, which requires -y without a terminal', async () => {
    const laptop = laptopOf();
    expect((await laptop.run('thing delete')).exit).toBe(2);
    expect((await laptop.run('thing delete -y')).exit).toBe(0);
    expect((await laptop.run('thing delete', { terminal: true, stdin: 'y\n' })).exit).toBe(0);
    expect((await laptop.run('thing delete', { terminal: true, stdin: 'n\n' })).exit).toBe(1);
  });

  it('includes a warning about a key that expires soon', async () => {
    const laptop = laptopOf([], {});
    laptop.logIn([], {
      organizations: [{ id: 'i', slug: 'acme', key: 'k', keyId: 'k', expiresAt: '2026-01-03T00:00:00Z' }],
    });
    expect((await laptop.run('thing get')).stderr).toMatch(/^Warning: .* expires on 2026-01-03T00:00:00Z/);
    expect((await laptop.run('thing get -q')).stderr).toBe('');
  });
});

describe('use-C0: --org-id', () => {
  it.each(['thing get -h', 'thing open -h', '-h'])('is in the help: %s', async (words) =>
    expect((await laptopOf().run(words)).stdout).toMatch(/--org, --org-id <org> +organization, by ID or slug/),
  );
});

describe('use-C4: flags and help', () => {
  it.each([
    '-o json --org acme thing get',
    'thing -o json --org acme get',
    'thing get -o=json --org=acme',
    'thing get -ojson --org acme',
    '--org acme thing get --output=json',
  ])('are accepted in any position: %s', async (words) => {
    const laptop = laptopOf(['acme', 'globex']);
    laptop.on(readRequest, () => domainError('thing/not-found', 'not-found', 'No thing.'));
    const { exit, stderr } = await laptop.run(words);
    expect({ exit, org: laptop.sent[0]?.input['org'] }).toEqual({ exit: 6, org: 'id-of-acme' });
    expect(JSON.parse(stderr)).toMatchObject({ code: 'thing/not-found' });
  });

  it.each(['', 'thing', 'thing get'])('help is the same as --help: %s', async (path) => {
    const words = path === '' ? [] : path.split(' ');
    const asked = await laptopOf().run(['help', ...words]);
    expect(asked).toEqual(await laptopOf().run([...words, '--help']));
    expect(asked).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^Usage: astroctl/) });
  });

  it('words after -- are passed to the command', async () => {
    const { exit, stderr } = await laptopOf().run('thing get -- -o=json more');
    expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringContaining('too many arguments') });
  });
});

describe('use-C1: no input prints a stack trace', () => {
  it('a defect prints one sentence, and its stack with --debug', async () => {
    const laptop = laptopOf();
    const { exit, stderr } = await laptop.run('thing break');
    expect({ exit, stderr }).toEqual({
      exit: 1,
      stderr: expect.stringMatching(/^Error: Unexpected error: x is undefined\.\nFix: .*--debug.*\n$/),
    });
    expect((await laptop.run('thing break --debug')).stderr).toMatch(/^ +at /m);
  });

  it.each([
    [['thing', 'get', ''], 'NAME must not be empty.'],
    [['thing', 'get', '--field', ''], '--field must not be empty.'],
    [['thing', 'get', '--org', ''], '--org must not be empty.'],
    [['thing', 'get', '--api-url', ''], '--api-url must not be empty.'],
  ])('an empty argument is wrong usage: %j', async (words, sentence) => {
    const laptop = laptopOf();
    const { exit, stderr } = await laptop.run(words);
    expect({ exit, sent: laptop.sent }).toEqual({ exit: 2, sent: [] });
    expect(stderr).toBe(`Error: ${sentence}\nFix:   see: astroctl thing get -h\n`);
  });
});
