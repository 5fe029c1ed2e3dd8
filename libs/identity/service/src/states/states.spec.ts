import { refuse, reply } from '#bus';
import { createAccounts, type BuiltInIssuer } from '#identity/issuer';
import type { IdentityConfig } from '#identity/contract';
import { domainError, position } from '#kernel';
import { eventually, temporaryFolder } from '#testing';
import { answeringBus, openEmbedded, type Embedded } from '#testing/embedded';
import { GlobalRolesHandlers } from '../global-roles/global-roles.handlers.ts';
import { usersProjection } from '../overview/users.projection.ts';
import { IdentityQueries } from '../overview/identity.queries.ts';
import { People } from '../people/people.service.ts';
import { ConsoleSessions } from '../sessions/console-sessions.service.ts';
import { LastLogins } from '../users/last-logins.service.ts';
import { RegistrationHandlers } from '../users/registration.handlers.ts';
import { userDecider } from '../users/user.decider.ts';
import { ErasureReactor } from './erasure.reactor.ts';
import { Erasure } from './erasure.service.ts';
import { StatesHandlers } from './states.handlers.ts';

const ISSUER = 'https://issuer.example';
const config = { issuer: ISSUER, adminEmails: ['root@acme.dev', 'second@acme.dev'] } as unknown as IdentityConfig;
/** Organizations whose last owner is asked to leave; the stub of organizations refuses them. */
let lastOwnerOf: string[] = [];
let departed: boolean[] = [];
const bus = answeringBus('identity', {
  'billing.v1.subscription.of': () => reply({ plans: {}, pricingUrl: 'https://plans.example' }),
  'organizations.v1.members.depart': ({ check }: { check: boolean }) => {
    if (lastOwnerOf.length > 0)
      return refuse(domainError('organization/last-owner-of', 'conflict', `Last owner of ${lastOwnerOf.join(', ')}.`));
    departed.push(check);
    return reply({ organizations: ['acme'] });
  },
});

describe('suspended and erased users', () => {
  const folder = temporaryFolder();
  let embedded: Embedded;
  let people: People;
  let registration: RegistrationHandlers;
  let admins: GlobalRolesHandlers;
  let states: StatesHandlers;
  let queries: IdentityQueries;
  let reactor: ErasureReactor;
  let accounts: ReturnType<typeof createAccounts>;
  let root = '';
  beforeAll(async () => {
    embedded = await openEmbedded(folder);
    const { commands, readModels, access, vault, ids, readStore, clock } = embedded;
    await embedded.sourcing.projections([usersProjection]);
    people = new People(vault, ids, clock);
    accounts = createAccounts({ vault, clock, ids, lookupKey: 'lookup' });
    const lastLogins = new LastLogins(readStore, clock);
    const issuer = {
      issuer: ISSUER,
      accounts,
      sessions: { of: () => Promise.resolve([]), end: () => Promise.resolve(0) },
    };
    const builtIn = { issuer } as unknown as BuiltInIssuer;
    const sessions = new ConsoleSessions(commands, access, vault, clock, ids, builtIn);
    const erasure = new Erasure(people, lastLogins, builtIn, sessions);
    registration = new RegistrationHandlers(commands, people, ids, config, lastLogins);
    admins = new GlobalRolesHandlers(commands, people, lastLogins);
    states = new StatesHandlers(commands, people, lastLogins, erasure, bus, clock);
    queries = new IdentityQueries(readModels, commands, people, lastLogins, access, bus, config, clock);
    reactor = new ErasureReactor(erasure, commands, bus);
    root = await register('root');
  });
  afterAll(() => embedded.close());

  const nowSeconds = () => Math.floor(embedded.clock.now() / 1_000);
  const login = (subject: string, issuedAt = nowSeconds()) =>
    registration.resolve(
      { issuer: ISSUER, subject, email: `${subject}@acme.dev`, emailVerified: true, name: subject, issuedAt },
      bus.own({}),
    );
  async function register(subject: string): Promise<string> {
    const found = await login(subject);
    if (!found.ok) throw new Error(found.error.code);
    return found.value.userId;
  }
  const asRoot = (more: { readonly dryRun?: boolean } = {}) => ({
    ...embedded.request({ kind: 'login', userId: root }, { isGlobalAdmin: true }),
    ...more,
  });
  const directoryUser = async (id: string) => {
    const directory = await embedded.access.current();
    return directory.ok ? directory.value.users.get(id) : undefined;
  };

  it('A8: the last global admin cannot be suspended or erased', async () => {
    for (const refused of [
      await states.set({ user: root, state: 'SUSPENDED' }, asRoot()),
      await states.erase({ user: root }, asRoot()),
    ])
      expect(refused).toMatchObject({ ok: false, error: { code: 'identity/last-admin', kind: 'conflict' } });
    expect(await directoryUser(root)).toMatchObject({ globalRole: 'admin', suspended: false, erased: false });
  });

  it('are suspended, which takes the role of a global admin, and restored without it', async () => {
    const second = await register('second');
    expect(await states.set({ user: 'second@acme.dev', state: 'SUSPENDED' }, asRoot({ dryRun: true }))).toMatchObject({
      ok: true,
    });
    expect(await directoryUser(second)).toMatchObject({ globalRole: 'admin', suspended: false });
    expect(await states.set({ user: 'second@acme.dev', state: 'SUSPENDED' }, asRoot())).toMatchObject({
      ok: true,
      value: { id: second, state: 'SUSPENDED', globalRole: 'developer' },
    });
    await eventually(async () =>
      expect(await directoryUser(second)).toMatchObject({ globalRole: 'developer', suspended: true }),
    );
    expect(await admins.set({ user: second, role: 'admin' }, asRoot())).toMatchObject({
      ok: false,
      error: { code: 'identity/suspended' },
    });
    expect(await states.set({ user: second, state: 'ACTIVE' }, asRoot())).toMatchObject({ value: { state: 'ACTIVE' } });
    await eventually(async () => expect(await directoryUser(second)).toMatchObject({ suspended: false }));
  });

  it('A8: the last owner of an organization cannot be erased, and keeps everything', async () => {
    const ada = await register('ada');
    lastOwnerOf = ['acme', 'globex'];
    expect(await states.erase({ user: ada }, asRoot())).toMatchObject({
      ok: false,
      error: { code: 'organization/last-owner-of', kind: 'conflict' },
    });
    lastOwnerOf = [];
    expect(await directoryUser(ada)).toMatchObject({ suspended: false, erased: false });
    expect(await people.get(ada)).toMatchObject({ name: 'ada' });
  });

  it('B12: are erased with record and account; later logins of the subject are a new user, earlier tokens are not', async () => {
    const account = await accounts.create({ email: 'grace@acme.dev', password: 'correct horse' });
    const subject = account.ok ? account.value.id : '';
    const claims = { issuer: ISSUER, subject, email: 'grace@acme.dev', emailVerified: true, name: 'Grace' };
    const first = await registration.resolve({ ...claims, issuedAt: nowSeconds() }, bus.own({}));
    const grace = first.ok ? first.value.userId : '';
    departed = [];
    expect(await states.erase({ user: 'grace@acme.dev' }, asRoot({ dryRun: true }))).toMatchObject({
      value: { id: grace, organizations: ['acme'] },
    });
    expect(departed).toEqual([true]);
    expect(await states.erase({ user: 'grace@acme.dev' }, asRoot())).toMatchObject({ ok: true, value: { id: grace } });
    expect(departed).toEqual([true, true, false]);

    expect(await people.get(grace)).toBeUndefined();
    expect(await people.byAddress('grace@acme.dev')).toBeUndefined();
    expect(await accounts.find(subject)).toBeUndefined();
    expect(await accounts.byAddress('grace@acme.dev')).toBeUndefined();
    await eventually(async () => expect(await directoryUser(grace)).toMatchObject({ erased: true }));
    expect(await queries.find({ ids: [grace] })).toMatchObject({
      value: { people: [{ id: grace, email: null, name: null, erased: true }] },
    });
    expect(await registration.resolve({ ...claims, issuedAt: nowSeconds() - 60 }, bus.own({}))).toMatchObject({
      ok: false,
      error: { code: 'identity/erased' },
    });
    expect(await people.get(grace)).toBeUndefined();
    const again = await registration.resolve({ ...claims, issuedAt: nowSeconds() + 60 }, bus.own({}));
    expect(again).toMatchObject({ ok: true, value: { registered: true } });
    expect(again.ok && again.value.userId).not.toBe(grace);
  });

  it('F21: are erased completely after a crash behind the event', async () => {
    const linus = await register('linus');
    const at = new Date(embedded.clock.now()).toISOString();
    await embedded.commands.run(userDecider, `user-${linus}`, { type: 'erase', at }, asRoot());
    expect(await people.get(linus)).toMatchObject({ name: 'linus' });
    const stream = `user-${linus}`;
    const ids = { id: 'event', actor: 'root', commandId: 'c', correlationId: 'r', causationId: 'c' };
    const metadata = { ...ids, stream, revision: 1, position: position('teststore', 1), recordedAt: at };
    for (let times = 0; times < 2; times++)
      await reactor.react({ event: { type: 'user.erased.v1', data: { at } }, metadata });
    expect(await people.get(linus)).toBeUndefined();
  });

  it('B16: leave no name and no address in the log', async () =>
    expect(JSON.stringify(await embedded.events())).not.toMatch(/acme\.dev|Grace/));
});
