import { reply } from '#bus';
import type { IdentityConfig } from '#identity/contract';
import { temporaryFolder } from '#testing';
import { answeringBus, killAtEachAppend, openEmbedded, type Embedded } from '#testing/embedded';
import { adminsDecider, ADMINS_STREAM } from './admins/admins.decider.ts';
import { GlobalRolesHandlers } from './global-roles/global-roles.handlers.ts';
import { GlobalRolesReactor } from './global-roles/global-roles.reactor.ts';
import { IdentityQueries } from './overview/identity.queries.ts';
import { usersProjection } from './overview/users.projection.ts';
import { People } from './people/people.service.ts';
import { LastLogins } from './users/last-logins.service.ts';
import { RegistrationHandlers } from './users/registration.handlers.ts';
import { userDecider } from './users/user.decider.ts';
import { userStream } from './users/user.events.ts';

const config: IdentityConfig = {
  version: '1.0.0',
  publicUrl: 'http://127.0.0.1:8080',
  issuer: 'http://127.0.0.1:8080/oidc',
  audience: 'http://127.0.0.1:8080/v1',
  cliClientId: 'astroctl',
  consoleClientId: 'astro-console',
  scope: 'openid',
  contact: 'root-canary@acme.dev',
  profile: 'embedded',
  adminEmails: ['Root-Canary@acme.dev'],
};
const ISSUER = 'https://issuer.example';
const bus = answeringBus('identity', {
  'billing.v1.subscription.of': () => reply({ plans: {}, pricingUrl: 'https://plans.example' }),
});

describe('users', () => {
  const folder = temporaryFolder();
  let embedded: Embedded;
  let people: People;
  let registration: RegistrationHandlers;
  let admins: GlobalRolesHandlers;
  let queries: IdentityQueries;
  beforeAll(async () => {
    embedded = await openEmbedded(folder);
    const { commands, readModels, access, vault, ids, readStore, clock } = embedded;
    await embedded.sourcing.projections([usersProjection]);
    people = new People(vault, ids, clock);
    const lastLogins = new LastLogins(readStore, clock);
    registration = new RegistrationHandlers(commands, people, ids, config, lastLogins);
    admins = new GlobalRolesHandlers(commands, people, lastLogins);
    queries = new IdentityQueries(readModels, commands, people, lastLogins, access, bus, config, embedded.clock);
  });
  afterAll(() => embedded.close());

  const resolve = async (
    subject: string,
    more: { email?: string; emailVerified?: boolean; name?: string; issuer?: string; incomplete?: true } = {},
  ) => {
    const response = await registration.resolve(
      { issuer: ISSUER, subject, emailVerified: false, ...more },
      bus.own({}),
    );
    if (!response.ok) throw new Error(response.error.code);
    return response.value;
  };
  const ofType = async (type: string) => (await embedded.events()).filter((event) => event.type === type);
  const asLogin = (userId: string, isGlobalAdmin = false) =>
    embedded.request({ kind: 'login', userId }, { isGlobalAdmin });
  let root = '';
  let ada = '';

  it('are registered exactly once by 20 simultaneous first logins', async () => {
    const responses = await Promise.all(
      Array.from({ length: 20 }, () =>
        resolve('ada', { email: 'ada-canary@acme.dev', emailVerified: true, name: 'Ada Canary' }),
      ),
    );
    expect(new Set(responses.map(({ userId }) => userId)).size).toBe(1);
    expect(responses.filter(({ registered }) => registered)).toHaveLength(1);
    expect(await ofType('user.registered.v1')).toHaveLength(1);
    ada = responses[0]?.userId ?? '';
  });

  it('are recognized, and changed claims replace the stored ones', async () => {
    expect(await resolve('ada', { email: 'ada-canary@new.dev', emailVerified: true, name: 'Ada Canary' })).toEqual({
      userId: ada,
      registered: false,
    });
    expect(await queries.find({ ids: [ada, 'nobody'] })).toMatchObject({
      ok: true,
      value: { people: [{ id: ada, email: 'ada-canary@new.dev', name: 'Ada Canary' }] },
    });
    expect(await queries.find({ ids: [], email: ' ADA-Canary@new.dev ' })).toMatchObject({
      ok: true,
      value: { people: [{ id: ada }] },
    });
    expect(await queries.find({ ids: [], email: 'ada-canary@acme.dev' })).toMatchObject({
      ok: true,
      value: { people: [] },
    });
  });

  it('use-I2: keep their address and name only while the issuer is unavailable', async () => {
    const [{ userId }, before] = [await resolve('ada', { incomplete: true }), await people.get(ada)];
    expect(userId).toBe(ada);
    expect(before).toMatchObject({ email: 'ada-canary@new.dev', emailVerified: true, name: 'Ada Canary' });
    expect(await people.byAddress('ada-canary@new.dev')).toBe(ada);
    const { userId: hedy } = await resolve('hedy', { email: 'hedy@acme.dev', emailVerified: true });
    await resolve('hedy');
    expect(await people.get(hedy)).toMatchObject({ email: null, emailVerified: false });
    expect(await people.byAddress('hedy@acme.dev')).toBeUndefined();
  });

  it('B22: with an unverified address cannot be found by it, and do not take it from others', async () => {
    const { userId } = await resolve('mallory', { email: 'ada-canary@new.dev', emailVerified: false });
    expect(userId).not.toBe(ada);
    expect(await people.byAddress('ada-canary@new.dev')).toBe(ada);
    const other = await resolve('ada', {
      issuer: 'https://another.example',
      email: 'ada-canary@new.dev',
      emailVerified: true,
    });
    expect(other.userId).not.toBe(ada);
    expect(await people.byAddress('ada-canary@new.dev')).toBe(ada);
  });

  it('use-I2: become global admin by a configured, verified address, even if the first login lacked it', async () => {
    const impostor = await resolve('pretender', { email: 'root-canary@acme.dev', emailVerified: false });
    expect(await embedded.commands.load(userDecider, userStream(impostor.userId))).toMatchObject({
      ok: true,
      value: { state: { globalRole: 'developer' } },
    });
    root = (await resolve('root', { incomplete: true })).userId;
    expect(await resolve('root', { email: 'root-canary@acme.dev', emailVerified: true })).toEqual({
      userId: root,
      registered: false,
    });
    expect(await embedded.commands.load(userDecider, userStream(root))).toMatchObject({
      ok: true,
      value: { state: { globalRole: 'admin' } },
    });
  });

  it('get a global role from an admin, by ID or address, and the last admin remains', async () => {
    expect(await admins.set({ user: root, role: 'developer' }, asLogin(root, true))).toMatchObject({
      ok: false,
      error: { code: 'identity/last-admin' },
    });
    expect(await admins.set({ user: 'ada-canary@new.dev', role: 'admin' }, asLogin(root, true))).toMatchObject({
      ok: true,
      value: { id: ada, globalRole: 'admin', email: 'ada-canary@new.dev' },
    });
    expect(await admins.set({ user: root, role: 'developer' }, asLogin(ada, true))).toMatchObject({
      ok: true,
      value: { globalRole: 'developer' },
    });
    expect(await admins.set({ user: ada, role: 'developer' }, asLogin(root, true))).toMatchObject({
      ok: false,
      error: { code: 'identity/not-admin' },
    });
    expect(await admins.set({ user: 'nobody@acme.dev', role: 'admin' }, asLogin(ada, true))).toMatchObject({
      ok: false,
      error: { code: 'identity/no-such-user' },
    });
  });

  it('remain demoted if an admin demoted them, even if the configuration lists them', async () => {
    await resolve('root', { email: 'root-canary@acme.dev', emailVerified: true });
    expect(await embedded.commands.load(userDecider, userStream(root))).toMatchObject({
      ok: true,
      value: { state: { globalRole: 'developer' } },
    });
  });

  it('F21: a role that a crash left incomplete is completed by the next process, wherever it was killed', async () => {
    const set = async (role: 'admin' | 'developer') => {
      const appends = await killAtEachAppend(embedded, {
        attempt: (commands) =>
          new GlobalRolesHandlers(commands, people, new LastLogins(embedded.readStore, embedded.clock)).set(
            { user: root, role },
            asLogin(ada, true),
          ),
        resumption: (commands) => new GlobalRolesReactor(commands),
        async check() {
          const inStream = await embedded.commands.load(adminsDecider, ADMINS_STREAM);
          const isAdmin = inStream.ok && inStream.value.state.has(root);
          expect(await embedded.commands.load(userDecider, userStream(root))).toMatchObject({
            ok: true,
            value: { state: { globalRole: isAdmin ? 'admin' : 'developer' } },
          });
        },
      });
      return appends;
    };
    expect(await set('admin')).toBe(0); // killed before the second append, and completed by the reactor
    expect(await set('developer')).toBe(0);
    expect(await admins.set({ user: root, role: 'admin' }, asLogin(ada, true))).toMatchObject({ ok: true });
  });

  it('are listed in pages, with names and addresses from the vault', async () => {
    const consistency = await embedded.eventStore.head();
    const first = await queries.users({ limit: 2 }, { ...asLogin(ada, true), consistency });
    expect(first).toMatchObject({
      ok: true,
      value: {
        items: [{ id: ada, email: 'ada-canary@new.dev', lastLogin: expect.stringMatching(/:00Z$/) }, {}],
        next: expect.any(String),
      },
    });
  });

  it('can request their own data', async () => {
    expect(await queries.me({}, asLogin(ada))).toMatchObject({
      ok: true,
      value: { userId: ada, email: 'ada-canary@new.dev', organization: null, accessKey: null },
    });
    expect(await queries.me({ org: 'somewhere' }, asLogin(ada))).toMatchObject({
      ok: false,
      error: { code: 'organization/not-found' },
    });
    expect(await queries.about()).toMatchObject({ ok: true, value: { name: 'Astro Platform', issuer: config.issuer } });
  });

  it('have no address, name, or subject in the log or in the names of vault records', async () => {
    expect(JSON.stringify(await embedded.events())).not.toMatch(/canary|issuer\.example|mallory/i);
    for await (const { name } of embedded.vault.list('')) expect(name).not.toMatch(/canary|acme|issuer\.example/i);
  });
});
