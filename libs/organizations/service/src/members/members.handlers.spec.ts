import { Directory, RECENT_LOGIN_MS } from '#access';
import { refuse, reply } from '#bus';
import { domainError, ok, position } from '#kernel';
import { eventually, temporaryFolder } from '#testing';
import { answeringBus, openEmbedded, type Embedded } from '#testing/embedded';
import { OrganizationCreation } from '../creation/creation.service.ts';
import { Names } from '../names/names.service.ts';
import { organizationDecider } from '../organization.decider.ts';
import { organizationStream } from '../organization.events.ts';
import { OrganizationViews } from '../overview/organization-views.service.ts';
import { OrganizationsQueries } from '../overview/organizations.queries.ts';
import { organizationsProjection } from '../overview/organizations.projection.ts';
import { MemberLookup } from './member-lookup.service.ts';
import { MembersHandlers } from './members.handlers.ts';
import { membersProjection } from './members.projection.ts';
import { MembersQueries } from './members.queries.ts';

/** Members whose access to clusters was reviewed, in order; the stub of deployments records them. */
let reviewed: string[] = [];
let review: () => ReturnType<typeof reply<object>> | ReturnType<typeof refuse> = () => reply({ pending: [] });

const bus = answeringBus('organizations', {
  'deployments.v1.access.review': ({ memberId }: { memberId: string }) => {
    reviewed.push(memberId);
    return review();
  },
  'billing.v1.subscription.of': ({ organizationIds }: { organizationIds: string[] }) =>
    reply({
      plans: Object.fromEntries(
        organizationIds.map((id) => [
          id,
          { plan: 'developer', defaultTier: 'basic', requestsPerMinute: 600, auditDaysShown: 30, auditExport: 'owner' },
        ]),
      ),
      pricingUrl: 'https://plans.example',
    }),
  'identity.v1.people.find': ({ ids, email }: { ids: string[]; email?: string }) =>
    reply({
      people: (email === undefined ? ids : ['grace']).map((id) => ({
        id,
        email: `${id}-canary@acme.dev`,
        name: 'Canary',
        erased: false,
      })),
    }),
});

describe('members over the embedded engines', () => {
  const folder = temporaryFolder();
  let embedded: Embedded;
  let creation: OrganizationCreation;
  let members: MembersHandlers;
  let lists: MembersQueries;
  let organizations: OrganizationsQueries;
  let id = '';
  beforeAll(async () => {
    embedded = await openEmbedded(folder);
    const { commands, readModels, access, clock } = embedded;
    await embedded.sourcing.projections([organizationsProjection, membersProjection]);
    creation = new OrganizationCreation(commands, new Names(commands));
    members = new MembersHandlers(commands, readModels, new MemberLookup(commands, access, bus), bus, clock);
    lists = new MembersQueries(readModels, bus, clock);
    organizations = new OrganizationsQueries(
      new OrganizationViews(readModels, commands, access, bus, clock),
      commands,
      access,
      clock,
    );
    id = await found('acme', 'ada');
  });
  afterAll(() => embedded.close());

  const as = (userId: string) => embedded.request({ kind: 'login', userId }, { organizationId: id });
  const found = async (slug: string, ownerId: string): Promise<string> => {
    const organizationId = embedded.ids.uuid();
    const made = await creation.create(
      { organizationId, name: slug, slug, ownerId, isDefault: false },
      embedded.request({ kind: 'login', userId: ownerId }),
    );
    if (!made.ok) throw new Error(made.error.code);
    await eventually(async () => {
      const directory = await embedded.access.current();
      expect(directory.ok && directory.value.organization(slug)?.id).toBe(organizationId);
    });
    return organizationId;
  };

  it('adds a member by address, shows names, and waits for the position that the reader has seen', async () => {
    const set = await members.set({ org: 'acme', user: 'grace-canary@acme.dev', role: 'editor' }, as('ada'));
    expect(set).toMatchObject({ ok: true, value: { id: 'grace', email: 'grace-canary@acme.dev', role: 'editor' } });
    const position = set.ok ? set.meta.position : undefined;
    if (position === undefined) throw new Error('a write has a position');
    expect(await lists.list({ org: 'acme', limit: 500 }, { ...as('ada'), consistency: position })).toMatchObject({
      ok: true,
      value: {
        items: [
          { id: 'ada', role: 'owner' },
          { id: 'grace', role: 'editor', email: 'grace-canary@acme.dev' },
        ],
      },
    });
    expect(await organizations.get({ org: 'acme' }, { ...as('ada'), consistency: position })).toMatchObject({
      ok: true,
      value: { slug: 'acme', role: 'owner', plan: 'developer', members: 2, memberLimit: 5 },
    });
  });

  it('rejects a user who has never logged in', async () =>
    expect(await members.set({ org: 'acme', user: 'stranger', role: 'viewer' }, as('ada'))).toMatchObject({
      ok: false,
      error: { code: 'organization/no-such-user', kind: 'not-found' },
    }));

  it.each(['linus', 'stranger', 'service:deploy'])(
    'use-D23: with add=false, rejects %s, who is not a member',
    async (user) => {
      const owner = as('ada');
      const key = { id: 'key_1', role: 'admin' } as const;
      const before = (await embedded.events()).length;
      for (const context of [owner, { ...owner, actor: { ...owner.actor, key } }])
        expect(await members.set({ org: 'acme', user, role: 'viewer', add: false }, context)).toMatchObject({
          ok: false,
          error: { code: 'organization/no-such-member', kind: 'not-found' },
        });
      expect(await embedded.events()).toHaveLength(before);
    },
  );

  it('adds and removes service members by name', async () => {
    expect(await members.set({ org: 'acme', user: 'service:ci', role: 'editor' }, as('ada'))).toMatchObject({
      ok: true,
      value: { kind: 'service', name: 'ci' },
    });
    expect(await members.remove({ org: 'acme', user: 'service:ci' }, as('ada'))).toMatchObject({
      ok: true,
      value: { removed: true },
    });
    expect(await members.remove({ org: 'acme', user: 'service:ci' }, as('ada'))).toMatchObject({
      ok: false,
      error: { code: 'organization/no-such-member' },
    });
  });

  it('use-S2: ends access to clusters before a removed member or a changed role is confirmed', async () => {
    const set = (role: 'viewer' | 'editor', dryRun = false) =>
      members.set({ org: 'acme', user: 'linus', role }, { ...as('ada'), dryRun });
    const remove = () => members.remove({ org: 'acme', user: 'linus' }, as('ada'));
    reviewed = [];
    await embedded.commands.run(
      organizationDecider,
      organizationStream(id),
      { type: 'set-member', memberId: 'linus', kind: 'person', role: 'editor', nowMs: 0 },
      as('ada'),
    );
    await eventually(async () => {
      const directory = await embedded.access.current();
      expect(directory.ok && directory.value.organization(id)?.members.has('linus')).toBe(true);
    });
    await set('viewer', true);
    expect(reviewed).toEqual([]);
    const demoted = await set('viewer');
    expect([demoted.ok && demoted.meta, reviewed]).toEqual([
      { position: expect.any(String), revision: expect.any(Number) },
      ['linus'],
    ]);
    await set('viewer');
    expect(reviewed).toEqual(['linus']);

    review = () => reply({ pending: [{ cluster: 'dev', code: 'deployments/cluster-unreachable' }] });
    expect(await set('editor')).toMatchObject({
      meta: {
        warnings: ['Access to cluster dev has not ended yet; the platform retries: astroctl clusters access dev'],
      },
    });
    review = () => refuse(domainError('bus/timeout', 'unavailable', 'No answer.'));
    expect(await remove()).toMatchObject({
      ok: true,
      value: { removed: true },
      meta: { warnings: ['Access to clusters has not ended yet; it ends within seconds.'] },
    });
    review = () => reply({ pending: [] });
    expect(reviewed).toEqual(['linus', 'linus', 'linus']);
  });

  it('changes nothing in a dry run', async () => {
    const before = (await embedded.events()).length;
    expect(await members.remove({ org: 'acme', user: 'grace' }, { ...as('ada'), dryRun: true })).toMatchObject({
      ok: true,
      value: { removed: true },
      meta: {},
    });
    expect(await embedded.events()).toHaveLength(before);
  });

  it('rejects the role owner for a service member, even under its ID', async () => {
    const set = await members.set({ org: 'acme', user: 'service:deploy', role: 'editor' }, as('ada'));
    const serviceId = set.ok ? set.value.id : '';
    await eventually(async () => {
      const directory = await embedded.access.current();
      expect(directory.ok && directory.value.organization(id)?.members.has(serviceId)).toBe(true);
    });
    expect(await members.set({ org: 'acme', user: serviceId, role: 'owner' }, as('ada'))).toMatchObject({
      ok: false,
      error: { code: 'organization/no-such-user' },
    });
    expect(await members.remove({ org: 'acme', user: serviceId }, as('ada'))).toMatchObject({
      ok: true,
      value: { id: serviceId, removed: true },
    });
  });

  it('lists only the organizations of the user, and all of them for a global admin', async () => {
    await found('elsewhere', 'linus');
    expect(await organizations.list({ all: false, limit: 500 }, as('ada'))).toMatchObject({
      ok: true,
      value: { items: [{ slug: 'acme' }] },
    });
    expect(await organizations.list({ all: true, limit: 500 }, as('ada'))).toMatchObject({
      ok: false,
      error: { kind: 'forbidden' },
    });
    expect(
      await organizations.list(
        { all: true, limit: 500 },
        embedded.request({ kind: 'login', userId: 'root' }, { isGlobalAdmin: true }),
      ),
    ).toMatchObject({
      ok: true,
      value: { items: [{ slug: 'acme', role: null }, { slug: 'elsewhere' }] },
    });
  });

  it('asks a global admin for a recent login before it lists all organizations', async () => {
    const { readModels, commands, clock } = embedded;
    const directory = new Directory();
    directory.apply({
      event: { type: 'user.registered.v1', data: { globalRole: 'admin' } },
      metadata: {
        id: 'registered',
        stream: 'user-root',
        revision: 0,
        position: position('teststore', 1),
        recordedAt: '2026-12-01T10:00:00.000Z',
        actor: 'root',
        commandId: 'c',
        correlationId: 'r',
        causationId: 'c',
      },
    });
    const access = { current: async () => ok(directory) };
    const all = new OrganizationsQueries(
      new OrganizationViews(readModels, commands, access, bus, clock),
      commands,
      access,
      clock,
    );
    const session = { id: 's', authenticatedAtMs: clock.now() - RECENT_LOGIN_MS };
    expect(
      await all.list(
        { all: true, limit: 500 },
        embedded.request({ kind: 'login', userId: 'root', session }, { isGlobalAdmin: false }),
      ),
    ).toMatchObject({ ok: false, error: { code: 'login/too-old', kind: 'unauthenticated' } });
  });

  it('use-L5: lists organizations and members in pages', async () => {
    const root = embedded.request({ kind: 'login', userId: 'root' }, { isGlobalAdmin: true });
    const first = await organizations.list({ all: true, limit: 1 }, root);
    expect(first).toMatchObject({ ok: true, value: { items: [{ slug: 'acme' }], next: 'acme' } });
    const second = await organizations.list({ all: true, limit: 1, cursor: 'acme' }, root);
    expect(second).toMatchObject({ ok: true, value: { items: [{ slug: 'elsewhere' }] } });
    expect(second.ok && second.value.next).toBeUndefined();

    const ids: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await lists.list({ org: 'acme', limit: 1, ...(cursor !== undefined && { cursor }) }, as('ada'));
      if (!page.ok) throw new Error(page.error.code);
      ids.push(...page.value.items.map(({ id }) => id));
      if ((cursor = page.value.next) === undefined) break;
    }
    const whole = await lists.list({ org: 'acme', limit: 500 }, as('ada'));
    expect(ids).toEqual(whole.ok ? whole.value.items.map(({ id }) => id) : []);
    expect(ids.length).toBeGreaterThan(1);
  });

  it('A9: of two owners who remove each other simultaneously, exactly one succeeds, 1,000 times', async () => {
    for (let round = 0; round < 1_000; round++) {
      const stream = organizationStream(`round-${round}`);
      const context = (userId: string) => ({
        ...embedded.request({ kind: 'login', userId }),
        organizationId: `round-${round}`,
      });
      await embedded.commands.run(
        organizationDecider,
        stream,
        { type: 'create-organization', name: 'r', slug: 'r', ownerId: 'ada', isDefault: false, seatLimit: 5 },
        context('ada'),
      );
      await embedded.commands.run(
        organizationDecider,
        stream,
        { type: 'set-member', memberId: 'grace', kind: 'person', role: 'owner', nowMs: 0 },
        context('ada'),
      );
      const outcomes = await Promise.all(
        [['ada', 'grace'] as const, ['grace', 'ada'] as const].map(([actor, memberId]) =>
          embedded.commands.run(
            organizationDecider,
            stream,
            { type: 'remove-member', memberId, leaving: false, nowMs: 0 },
            context(actor),
          ),
        ),
      );
      expect(outcomes.map((outcome) => (outcome.ok ? 'removed' : outcome.error.kind)).toSorted()).toEqual([
        'forbidden',
        'removed',
      ]);
    }
  });

  it('writes no address and no name of a person to the log', async () =>
    expect(JSON.stringify(await embedded.events())).not.toMatch(/canary/i));
});
