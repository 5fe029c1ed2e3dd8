import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { runProgram, type Io } from '#cli';
import { systemClock, systemIds } from '#runtime/system';
import {
  call,
  eventually,
  loginAdmin,
  newPerson,
  startPlatform,
  temporaryFolder,
  type Finished,
  type Machine,
  type Person,
  type Platform,
} from '#testing';
import { followLog, logOf } from '#testing/log';
import { answerToAny, callerNamed, MATRIX, type MatrixAnswer, type MatrixCaller } from '#testing/matrix';
import { z } from 'zod';
import { parts } from './parts.ts';
import { application, CALLER_NAMES, ROWS, type CallerName, type Me, type Row } from './roles.fixture.ts';

/** Outcome of a command whose request was refused: exit code, and the code of the `Ref:` line if something was sent. */
const REFUSALS: Readonly<Record<Exclude<MatrixAnswer, 'allowed'>, string>> = {
  'access/not-signed-in': '4',
  'login/too-old': '4 login/too-old',
  'key/expired': '4 key/expired',
  'key/login-required': '4', // there is no terminal for a login
  'access/not-permitted': '5 access/not-permitted',
  'access/protected-profile': '5 access/protected-profile',
  'key/other-organization': '5 key/other-organization',
  'organization/not-found': '6 organization/not-found',
};

/** The caller of the matrix that each caller is. */
const IN_MATRIX: Readonly<Record<CallerName, MatrixCaller>> = {
  viewer: callerNamed('viewer'),
  editor: callerNamed('editor'),
  admin: callerNamed('admin'),
  owner: callerNamed('owner'),
  auditor: callerNamed('auditor'),
  service: callerNamed('service editor'),
  developer: callerNamed('global developer outside'),
  'global-admin': callerNamed('global admin outside'),
};
/** Callers who belong to another organization, and name this one. Their login takes the place of a key. */
const OUTSIDE: ReadonlySet<CallerName> = new Set(['developer', 'global-admin']);

/** Returns what the matrix, or the row where the matrix says nothing, demands. */
function expectedOf(row: Row, name: CallerName): string {
  const except = row.except?.[name];
  if (except !== undefined) return except;
  if (row.needs === 'LOCAL' || row.needs === 'PUBLIC') return row.allowed ?? '0';
  const caller = IN_MATRIX[name];
  const permissions = row.orNeeds ? [row.needs, row.orNeeds] : [row.needs];
  const isLogin = row.login === true || MATRIX[row.needs].endsWith(' login') || OUTSIDE.has(name);
  if (caller.isService && MATRIX[row.needs].endsWith(' login')) return '4'; // asks for a login first
  if (row.login === true && caller.isService && answerToAny(permissions, caller, 'key', row.isProtected) === 'allowed')
    return REFUSALS['key/login-required'];
  const answer = answerToAny(permissions, caller, isLogin && !caller.isService ? 'login' : 'key', row.isProtected);
  return answer === 'allowed' ? (row.allowed ?? '0') : REFUSALS[answer];
}

const outcomeOf = ({ code, stderr }: Finished): string => {
  const ref = /^Ref: +(\S+)/m.exec(stderr)?.[1];
  return ref === undefined ? String(code) : `${code} ${ref}`;
};

/** Runs astroctl in this process, as its `main.ts` does in its own. */
async function runHere(
  words: readonly string[],
  { home, environment }: Pick<Machine, 'home' | 'environment'>,
  input = '',
): Promise<Finished> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const io: Io = {
    environment,
    stdin: Readable.from(input === '' ? [] : [input]),
    stdout,
    stderr,
    home,
    hostname: home,
    cwd: home,
    self: '/usr/local/bin/astroctl',
    program: join(import.meta.dirname, 'main.ts'),
    clock: systemClock,
    ids: systemIds,
    pause: (ms) => new Promise((done) => setTimeout(done, ms)),
    openBrowser: () => false,
    interrupted: new AbortController().signal,
  };
  const code = await runProgram(words, io, parts);
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

/** One command of each group, which a process of its own runs. */
const AS_PROCESS = {
  '': 'whoami',
  app: 'app get',
  'app secrets': 'app secrets list',
  'app webhook': 'app webhook list',
  'app profile': 'app profile get',
  clusters: 'clusters access',
  'clusters policy': 'clusters policy get',
  'clusters ingress': 'clusters ingress get',
  'clusters health': 'clusters health get',
  credentials: 'credentials list',
  admin: 'admin doctor',
  'admin audit-keys': 'admin audit-keys rotate',
  'admin projections': 'admin projections list',
  'admin egress': 'admin egress list',
  auth: 'auth status',
  'auth sessions': 'auth sessions list',
  user: 'user list',
  org: 'org members',
  'org plan': 'org plan list',
  key: 'key list',
  audit: 'audit head',
  access: 'access who-can',
  config: 'config view',
};

async function logIn(
  { email, password }: Pick<Me, 'email' | 'password'>,
  organization: string,
  machine: Pick<Machine, 'home' | 'environment'>,
): Promise<void> {
  const words = ['auth', 'login', '--username', email, '--password-stdin', '--org-id', organization];
  const done = await runHere(words, machine, password);
  if (done.code !== 0) throw new Error(`${email} cannot log in: ${done.stderr}`);
}

const commands = parts.commands.map(({ path }) => path.join(' '));
const cases = Object.entries(ROWS).flatMap(([command, rows]) =>
  rows.map((row) => [row.case === undefined ? command : `${command}, ${row.case}`, command, row] as const),
);

describe('every command of astroctl, for callers of every role', () => {
  const folder = temporaryFolder();
  let platform: Platform;
  const callers = new Map<CallerName, { readonly me: Me; readonly machine: Machine; readonly actor: string }>();
  const callerOf = (name: CallerName) => {
    const found = callers.get(name);
    if (!found) throw new Error(`${name} was not prepared`);
    return found;
  };

  const wordsFor = (command: string, { args = '', otherMachine }: Row, me: Me): readonly string[] => [
    ...command.split(' '),
    ...(typeof args === 'string' ? args : args(me)).split(' ').filter(Boolean),
    ...(OUTSIDE.has(me.name) && !otherMachine ? ['--as-admin', '--org', me.organization.id] : []),
  ];
  const inputFor = ({ stdin = '' }: Row, me: Me): string => (typeof stdin === 'string' ? stdin : stdin(me));

  async function run(command: string, row: Row, name: CallerName): Promise<Finished> {
    const { me, machine } = callerOf(name);
    const on = row.otherMachine === undefined ? machine : await otherMachine(name, row.otherMachine);
    return runHere(wordsFor(command, row, me), on, inputFor(row, me));
  }

  const loggedIn = new Map<CallerName, Pick<Machine, 'home' | 'environment'>>();
  /** Returns another machine of the caller. A service member has its key in the environment there too. */
  async function otherMachine(name: CallerName, how: 'new' | 'logged in') {
    const known = how === 'logged in' ? loggedIn.get(name) : undefined;
    if (known) return known;
    const { me, machine } = callerOf(name);
    const home = mkdtempSync(join(folder, 'home-'));
    const other = { home, environment: { ...machine.environment, HOME: home, XDG_CONFIG_HOME: join(home, '.config') } };
    if (how === 'new') return other;
    loggedIn.set(name, other);
    if (name !== 'service') await logIn(me, me.ownOrganization.id, other);
    return other;
  }

  beforeAll(async () => {
    platform = await startPlatform();
    const root = await loginAdmin(platform);
    const people = new Map<string, Person>();
    for (const name of ['owner', 'admin', 'editor', 'viewer', 'auditor', 'developer', 'spare', 'second'])
      people.set(name, await newPerson(platform, `${name}@acme.dev`, `a password of ${name}`));
    people.set('global-admin', root);
    const person = (name: string): Person => {
      const found = people.get(name);
      if (!found) throw new Error(`nobody is ${name}`);
      return found;
    };
    const owner = person('owner');
    const { organization } = owner;
    const send = async (what: string, body?: unknown, { accessToken: credential } = owner): Promise<unknown> => {
      const [method = '', path = ''] = what.split(' ');
      const address = `${method} /v1/organizations/${organization.id}${path}`;
      const response = await call(platform.url, address, { credential, ...(body !== undefined && { body }) });
      if (response.status >= 300) throw new Error(`${what}: ${response.status} ${response.text}`);
      return response.body;
    };
    const keyShape = z.looseObject({ id: z.string(), secret: z.string() });
    const idShape = z.looseObject({ id: z.string() });
    const makeKey = async (body: object, by = owner) => keyShape.parse(await send('POST /access-keys', body, by));

    await send('PUT /subscription', { plan: 'enterprise' }, root);
    for (const role of ['admin', 'editor', 'viewer']) await send(`PUT /members/${person(role).userId}`, { role });
    await send(`PUT /members/${person('auditor').userId}`, { role: 'viewer', audit: true });
    await send(`PUT /members/${person('second').userId}`, { role: 'owner' });
    const service = idShape.parse(await send('PUT /members/service:service', { role: 'editor' }));
    await send('PUT /members/service:robot', { role: 'viewer' });
    await eventually(async () => {
      if (!/"state":"READY"/.test(JSON.stringify(await send('GET /clusters/sandbox'))))
        throw new Error('the sandbox is not ready');
    }, 60_000);
    await send('PUT /profiles/shop', { profileName: 'shop', clusterName: 'sandbox' });
    await send('PUT /profiles/production', { profileName: 'production', clusterName: 'sandbox', protected: true });

    const manifests = [
      ...['web', ...CALLER_NAMES.map((name) => `gone-${name}`)].map((name) => application(name)),
      application('live', 'production'),
    ].join('---\n');
    const applied = await runHere(['app', 'apply', '-f', '-'], owner.machine, manifests);
    if (applied.code !== 0) throw new Error(applied.stderr);
    for (const name of ['web', 'live']) {
      for (const words of [`app wait ${name}`, `app set ${name} description=second --wait`]) {
        const done = await runHere(words.split(' '), owner.machine);
        if (done.code !== 0) throw new Error(`${words}: ${done.stderr}`);
      }
    }
    const { items } = z
      .looseObject({ items: z.array(z.looseObject({ position: z.string() })).min(1) })
      .parse(await send('GET /audit'));
    const position = items[0]?.position ?? '';

    for (const name of CALLER_NAMES) {
      const isOutside = OUTSIDE.has(name);
      const who = name === 'service' ? undefined : person(name);
      const own =
        name === 'service'
          ? await makeKey({ name: 'service', service: 'service', role: 'editor' })
          : await makeKey({ name: 'own' }, isOutside ? owner : person(name));
      const machine = who?.machine ?? platform.person('service');
      callers.set(name, {
        machine:
          name === 'service'
            ? { ...machine, environment: { ...machine.environment, ASTROPULSE_API_KEY: own.secret } }
            : machine,
        actor: who?.userId ?? service.id,
        me: {
          name,
          email: who?.email ?? '',
          password: who === root ? platform.adminPassword : `a password of ${name}`,
          organization,
          ownOrganization: isOutside && who ? who.organization : organization,
          key: own.id,
          keySecret: own.secret,
          revocableKey: who && !isOutside ? (await makeKey({ name: 'own' }, who)).id : own.id,
          othersKey: (await makeKey({ name: 'others', service: 'robot', role: 'viewer' })).id,
          serviceKey: (await makeKey({ name: 'service', service: 'robot', role: 'viewer' })).id,
          invitation: idShape.parse(await send('POST /invitations', { email: `i-${name}@acme.dev`, role: 'viewer' }))
            .id,
          leakedKey: (await makeKey({ name: 'leaked', service: 'robot', role: 'viewer' })).secret,
          position,
        },
      });
      await send(`PUT /profiles/gone-${name}`, { profileName: `gone-${name}`, clusterName: 'sandbox' });
      if (who && !isOutside) await logIn(callerOf(name).me, organization.id, machine);
    }
  }, 600_000);
  afterAll(() => platform.stop());

  it('are all in the table', () => expect(Object.keys(ROWS).toSorted()).toEqual(commands.toSorted()));

  it('have a process of their own for one command of each group', () =>
    expect(Object.keys(AS_PROCESS).toSorted()).toEqual(
      [...new Set(parts.commands.map(({ path }) => path.slice(0, -1).join(' ')))].toSorted(),
    ));

  // The callers take turns, so that each runs two or three of them.
  it.each(Object.values(AS_PROCESS).map((command, at) => [command, CALLER_NAMES[at % CALLER_NAMES.length]] as const))(
    'A4: %s, in a process of its own, as %s',
    async (command, name = 'owner') => {
      const [row] = ROWS[command] ?? [];
      if (!row) throw new Error(`${command} has no row`);
      const { me, machine } = callerOf(name);
      const done = await machine.astroctl(wordsFor(command, row, me), {
        input: inputFor(row, me),
        environment: machine.environment,
      });
      expect({ is: outcomeOf(done), stderr: done.stderr }).toEqual({
        is: expectedOf(row, name),
        stderr: expect.any(String),
      });
    },
  );

  it.each(cases)('A4: %s', async (_title, command, row) => {
    const wrong: unknown[] = [];
    const refused = new Map<string, CallerName>();
    const log = await followLog(platform.dataDir);
    try {
      for (const name of CALLER_NAMES) {
        const expected = expectedOf(row, name);
        const done = await run(command, row, name);
        const is = outcomeOf(done);
        if (is !== expected) wrong.push({ name, expected, is, stderr: done.stderr });
        if (is !== '0' && !/^Fix: +\S/m.test(done.stderr)) wrong.push({ name, is, 'without a fix': done.stderr });
        if (expected !== '0') refused.set(callerOf(name).actor, name);
      }
      for (const { actor, type } of await log.since())
        if (refused.has(actor)) wrong.push({ name: refused.get(actor), changed: type });
    } finally {
      await log.close();
    }
    expect(wrong).toEqual([]);
  });

  it('recorded the changes of each caller who may make some, so that a change by another would be found', async () => {
    const actors = new Set((await logOf(platform.dataDir)).map(({ actor }) => actor));
    for (const name of ['editor', 'admin', 'owner', 'service', 'global-admin'] as const)
      expect([name, actors.has(callerOf(name).actor)]).toEqual([name, true]);
  });
});
