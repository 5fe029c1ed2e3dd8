import { permissionsOf } from '#bus/contract';
import { ROUTED_CONTRACTS } from '#gateway';
import { VERSION } from '#kernel';
import {
  call,
  logInToConsole,
  loginAdmin,
  newBrowser,
  newPerson,
  startPlatform,
  type Person,
  type PersonResponse,
  type Platform,
  type PlatformBrowser,
} from '#testing';
import { answerToAny, callerNamed, type MatrixAnswer, type MatrixCaller, type MatrixCredential } from '#testing/matrix';
import { z } from 'zod';

const STATUS: Readonly<Record<Exclude<MatrixAnswer, 'allowed'>, number>> = {
  'access/not-signed-in': 401,
  'key/expired': 401,
  'access/not-permitted': 403,
  'access/protected-profile': 403,
  'key/login-required': 403,
  'login/too-old': 401,
  'key/other-organization': 403,
  'organization/not-found': 404,
};

/** Requests that end a session or a membership: sent only by callers who must be denied. */
const ENDS = new Set([
  'DELETE /v1/me/sessions',
  'DELETE /v1/organizations/{org}/members/me',
  'DELETE /v1/organizations/{org}',
]);

/** Queries of reads that require one: input that is part of the address is parsed before the permission is checked. */
const QUERIES: Readonly<Record<string, string>> = {
  'GET /v1/organizations/{org}/access/can': '?permission=audit.read',
  'GET /v1/organizations/{org}/access/who-can': '?permission=audit.read',
  'GET /v1/organizations/{org}/access/explain': '?permission=audit.read',
  'GET /v1/organizations/{org}/audit/proof': '?from=0',
  'GET /v1/organizations/{org}/changes': '?follow=false',
  'GET /v1/organizations/{org}/watch': '?follow=false',
};

const codeOf = ({ body }: PersonResponse): string =>
  z.looseObject({ code: z.string() }).safeParse(body).data?.code ?? '';

/** Whoever sends requests over HTTP. */
interface Sender {
  readonly caller: MatrixCaller;
  readonly credential: MatrixCredential;
  readonly secret: string | PlatformBrowser | undefined;
}

describe('every route, for callers of every role', () => {
  let platform: Platform;
  let root: Person;
  let grace: Person;
  let linus: Person;
  let senders: readonly Sender[];
  const keys = new Map<string, string>();

  const ask = (
    what: string,
    credential: string | PlatformBrowser | undefined,
    body?: unknown,
  ): Promise<PersonResponse> =>
    typeof credential === 'object'
      ? credential.request(what, body)
      : call(platform.url, what, {
          ...(credential !== undefined && { credential }),
          ...(body !== undefined && { body }),
        });
  const succeed = async (what: string, credential: string, body?: unknown): Promise<unknown> => {
    const response = await ask(what, credential, body);
    if (response.status >= 300) throw new Error(`${what}: ${response.status} ${response.text}`);
    return response.body;
  };

  beforeAll(async () => {
    platform = await startPlatform();
    root = await loginAdmin(platform);
    grace = await newPerson(platform, 'grace@astro.localhost', 'a password of grace');
    linus = await newPerson(platform, 'linus@astro.localhost', 'a password of linus');
    const organization = `/v1/organizations/${grace.organization.id}`;
    // A plan with seats for everybody.
    await succeed(`PUT ${organization}/subscription`, root.accessToken, { plan: 'enterprise' });
    for (const role of ['viewer', 'editor', 'admin']) {
      await succeed(`PUT ${organization}/members/service:${role}`, grace.accessToken, { role });
      const made = await succeed(`POST ${organization}/access-keys`, grace.accessToken, {
        name: role,
        service: role,
        role,
      });
      keys.set(role, z.looseObject({ secret: z.string() }).parse(made).secret);
    }
    await succeed(`PUT ${organization}/members/${linus.userId}`, grace.accessToken, { role: 'viewer' });
    const sessionOf = async (email: string, password: string): Promise<PlatformBrowser> => {
      const browser = newBrowser(platform.url);
      await logInToConsole(browser, { email, password });
      return browser;
    };
    senders = [
      {
        caller: callerNamed('owner'),
        credential: 'session',
        secret: await sessionOf(grace.email, 'a password of grace'),
      },
      {
        caller: callerNamed('viewer'),
        credential: 'session',
        secret: await sessionOf(linus.email, 'a password of linus'),
      },
      {
        caller: callerNamed('global admin outside'),
        credential: 'session',
        secret: await sessionOf(root.email, platform.adminPassword),
      },
      { caller: callerNamed('global developer outside'), credential: 'none', secret: undefined },
      { caller: callerNamed('owner'), credential: 'login', secret: grace.accessToken },
      { caller: callerNamed('owner'), credential: 'key', secret: grace.key },
      ...['viewer', 'editor', 'admin'].map((role) => ({
        caller: callerNamed(`service ${role}`),
        credential: 'key' as const,
        secret: keys.get(role),
      })),
      { caller: callerNamed('viewer'), credential: 'login', secret: linus.accessToken },
      { caller: callerNamed('viewer'), credential: 'other-key', secret: linus.key },
      { caller: callerNamed('global admin outside'), credential: 'login', secret: root.accessToken },
      { caller: callerNamed('global admin outside'), credential: 'other-key', secret: root.key },
    ];
  }, 240_000);
  afterAll(() => platform.stop());

  it.each(ROUTED_CONTRACTS.map((contract) => [String(contract.route), contract] as const))(
    'A4, A23: %s decides by the matrix',
    async (route, { permission, orPermission, rawBody }) => {
      if (permission === 'SERVICES_ONLY') throw new Error('a route is for people');
      const parameters: Readonly<Record<string, string>> = { org: grace.organization.id, revision: '1' };
      const path = route.replaceAll(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? 'nothing-has-this');
      const what = `${path}${QUERIES[route] ?? ''}`;
      // Permissions come before the body is read, so that a wrong one suffices.
      const body = /^(POST|PUT|PATCH)/.test(route) ? { 'not-a-field': true } : undefined;
      const wrong: unknown[] = [];
      for (const { caller, credential, secret } of senders) {
        const expected = answerToAny(permissionsOf({ permission, orPermission }), caller, credential);
        if (expected === 'allowed' && ENDS.has(route)) continue;
        const response = await ask(what, secret, body);
        const is = { status: response.status, code: response.status < 400 ? '' : codeOf(response) };
        const isRight =
          expected === 'allowed'
            ? !Object.hasOwn(STATUS, is.code) || is.code === 'key/login-required' || rawBody !== undefined
            : is.status === STATUS[expected] && is.code === expected;
        if (!isRight) wrong.push({ caller: caller.name, credential, expected, is });
      }
      expect(wrong).toEqual([]);
    },
  );

  describe('who can do what, at any time', () => {
    const astroctl = async (person: Person, words: string): Promise<string> =>
      (await person.machine.run(words)).trimEnd();
    const positionNow = async (): Promise<string> =>
      z
        .looseObject({ position: z.string() })
        .parse(
          await succeed(
            `GET /v1/organizations/${grace.organization.id}/access/can?permission=organization.read`,
            grace.key,
          ),
        ).position;

    it('lists who had a permission before a change, the way, and the event that granted it', async () => {
      const organization = `/v1/organizations/${grace.organization.id}`;
      const before = await positionNow();
      await succeed(`PUT ${organization}/members/${linus.userId}`, grace.accessToken, { role: 'editor' });
      const between = await positionNow();
      await succeed(`PUT ${organization}/members/${linus.userId}`, grace.accessToken, { role: 'viewer' });
      const who = async (time: string): Promise<readonly string[]> =>
        z
          .looseObject({ items: z.array(z.looseObject({ user: z.string(), way: z.string() })) })
          .parse(await succeed(`GET ${organization}/access/who-can?permission=application.deploy&${time}`, grace.key))
          .items.filter(({ way }) => way === 'role')
          .map(({ user }) => user);
      expect(await who(`asOf=${before}`)).toEqual([grace.userId]);
      expect(await who(`asOf=${between}`)).toEqual([grace.userId, linus.userId]);
      expect(await who('')).toEqual([grace.userId]);
      expect(await who(`during=${before}..`)).toEqual([grace.userId, linus.userId]);

      const listed = await astroctl(grace, `access who-can application.deploy --as-of ${between}`);
      expect(listed.split('\n')[0]).toMatch(/^WHO +HOW +FROM +TO +GRANTED-BY +EVENT$/);
      expect(listed).toMatch(
        /^linus@astro\.localhost +role editor +\S+ +\S+Z +grace@astro\.localhost +[0-9a-f-]{36}$/m,
      );
      expect(listed).toMatch(/^editor +key key_\w+ \(editor\) /m);
      expect(await astroctl(grace, `org members --as-of ${between}`)).toMatch(/linus@astro\.localhost +editor +person/);
      expect(await astroctl(grace, 'org members')).toMatch(/linus@astro\.localhost +viewer +person/);
    });

    it('answers about oneself for everyone, and about others only for those who may know', async () => {
      const organization = `/v1/organizations/${grace.organization.id}`;
      expect(await astroctl(grace, 'access can-i members.manage')).toBe('yes');
      expect(await ask(`GET ${organization}/access/can?permission=members.manage`, keys.get('viewer'))).toMatchObject({
        status: 200,
        body: { allowed: false, code: 'access/not-permitted', way: null },
      });
      const explained = await astroctl(grace, 'access explain application.deploy --user linus@astro.localhost');
      expect(explained).toMatch(/^allowed: +no$/m);
      expect(explained).toMatch(/^grantedTo: +editor, admin, owner, global-admin$/m);
      for (const role of ['viewer', 'editor'])
        for (const path of ['who-can?permission=audit.read', `explain?permission=audit.read&user=${grace.userId}`])
          expect(await ask(`GET ${organization}/access/${path}`, keys.get(role))).toMatchObject({
            status: 403,
            body: { code: 'access/others' },
          });
      expect((await ask(`GET ${organization}/access/who-can?permission=audit.read`, keys.get('admin'))).status).toBe(
        200,
      );
      expect(
        await ask(`GET ${organization}/access/who-can?permission=audit.read&asOf=2999-01-01`, grace.key),
      ).toMatchObject({
        status: 422,
        body: { code: 'access/time-ahead' },
      });
      expect(
        await ask(`GET ${organization}/access/can?permission=audit.read&object=application/none`, grace.key),
      ).toMatchObject({ status: 404, body: { code: 'access/no-such-object' } });
    });

    it('A26: names the release whose rules it applied, which is recorded at start', async () => {
      const answer = await succeed(
        `GET /v1/organizations/${grace.organization.id}/access/can?permission=audit.read`,
        grace.key,
      );
      expect(answer).toMatchObject({ allowed: true, rulesOf: VERSION, way: { way: 'key', role: 'owner' } });
    });
  });

  describe('the replay of an organization', () => {
    const objects = z.looseObject({
      items: z.array(z.looseObject({ kind: z.string(), id: z.string(), value: z.looseObject({}) })),
    });
    const list = z.looseObject({ items: z.array(z.looseObject({ id: z.string() })) });

    it('equals the lists now, and earlier states at earlier times', async () => {
      const organization = `/v1/organizations/${grace.organization.id}`;
      const replay = async (query = '') =>
        objects.parse(await succeed(`GET ${organization}/audit/replay${query}`, grace.key)).items;
      const before = new Date().toISOString();
      await succeed(`PATCH ${organization}`, grace.accessToken, { settings: { contact: 'team@acme.dev' } });
      await succeed(`DELETE ${organization}/members/service:editor`, grace.accessToken);
      const inviting = { email: 'replayed@acme.dev', role: 'viewer' };
      await succeed(`POST ${organization}/invitations`, grace.accessToken, inviting);

      const now = await replay();
      const shown = (kind: string, from: Awaited<ReturnType<typeof replay>>) => from.filter((one) => one.kind === kind);
      for (const [kind, path, fields] of [
        ['member', 'members', ['id', 'role', 'kind', 'since']],
        ['invitation', 'invitations', ['id', 'email', 'role', 'state', 'expiresAt', 'invitedById']],
        ['access-key', 'access-keys', ['id', 'name', 'role', 'memberId', 'createdAt']],
        ['profile', 'profiles', ['name', 'revision']],
        ['cluster', 'clusters', ['name', 'provider', 'region']],
      ] as const) {
        const listed = list.parse(await succeed(`GET ${organization}/${path}`, grace.accessToken)).items;
        const pick = (value: Readonly<Record<string, unknown>>) =>
          Object.fromEntries(fields.map((field) => [field, value[field]]));
        const sorted = (values: readonly Readonly<Record<string, unknown>>[]) =>
          values.map((value) => JSON.stringify(pick(value))).toSorted();
        expect([kind, sorted(shown(kind, now).map(({ value }) => value))]).toEqual([kind, sorted(listed)]);
        expect(listed.length).toBeGreaterThan(0);
      }
      expect(shown('organization', now)[0]?.value).toMatchObject({ settings: { contact: 'team@acme.dev' } });
      expect(shown('subscription', now)[0]?.value).toMatchObject({ plan: 'enterprise' });

      const earlier = await replay(`?until=${before}`);
      expect(shown('organization', earlier)[0]?.value).toMatchObject({ settings: { contact: null } });
      expect(shown('member', earlier).length).toBe(shown('member', now).length + 1);
      expect(shown('invitation', earlier)).toEqual([]);
      expect(JSON.stringify(now)).not.toContain('digest');
      expect(await grace.machine.run('audit replay -o name')).toContain(`member/${grace.userId}`);
    });
  });
});
