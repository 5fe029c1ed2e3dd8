import { reply } from '#bus';
import type { CommandRunner } from '#event-sourcing';
import { ok, type Decider, type Fact } from '#kernel';
import { eventually, manualClock, temporaryFolder } from '#testing';
import { answeringBus, killAtEachAppend, openEmbedded, type Embedded } from '#testing/embedded';
import { NameClaimsReactor } from '../name-claims.reactor.ts';
import { OrganizationChanges } from '../settings/organization-change.service.ts';
import { InvitationViews } from '../invitations/invitation-views.service.ts';
import { MemberLookup } from '../members/member-lookup.service.ts';
import { nameDecider } from '../names/name.decider.ts';
import { organizationDecider } from '../organization.decider.ts';
import { defaultSlug, Names, nameStream } from '../names/names.service.ts';
import { CreationHandlers } from './creation.handlers.ts';
import { OrganizationCreation } from './creation.service.ts';

const bus = answeringBus('organizations', {
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
  'identity.v1.addresses.own': () => reply({ addressId: null }),
  'identity.v1.people.find': () =>
    reply({ people: [{ id: 'grace', email: 'grace-canary@acme.dev', name: 'Grace Canary', erased: false }] }),
});

const clock = manualClock();
const creationOver = (commands: CommandRunner) => new OrganizationCreation(commands, new Names(commands));
const resumptionOver = (commands: CommandRunner) =>
  new NameClaimsReactor(creationOver(commands), new OrganizationChanges(commands, new Names(commands), bus, clock));

describe('creating organizations', () => {
  const folder = temporaryFolder();
  let embedded: Embedded;
  let creation: OrganizationCreation;
  let handlers: CreationHandlers;
  let invitations: InvitationViews;
  beforeAll(async () => {
    embedded = await openEmbedded(folder);
    creation = creationOver(embedded.commands);
    const { commands, access, clock, readModels } = embedded;
    const lookup = new MemberLookup(commands, access, bus);
    invitations = new InvitationViews(readModels, bus, clock);
    handlers = new CreationHandlers(creation, commands, access, lookup, bus, clock, invitations);
  });
  afterAll(() => embedded.close());

  const admin = () => embedded.request({ kind: 'login', userId: 'root' }, { isGlobalAdmin: true });
  const ofType = async (type: string, stream = '') =>
    (await embedded.events()).filter((event) => event.type === type && event.stream.includes(stream));
  const create = (name: string, slug?: string) =>
    handlers.create({ name, ...(slug !== undefined && { slug }) }, admin());

  it('creates one default organization for 20 simultaneous first logins', async () => {
    const responses = await Promise.all(
      Array.from({ length: 20 }, () =>
        handlers.ensureDefault(
          { userId: 'ada' },
          bus.own({ commandId: `${embedded.ids.uuid().replaceAll('-', '')}.${'0'.repeat(32)}` }),
        ),
      ),
    );
    const values = responses.flatMap((response) => (response.ok ? [response.value] : []));
    expect(values).toHaveLength(20);
    expect(new Set(values.map(({ organizationId }) => organizationId)).size).toBe(1);
    expect(values.filter(({ created }) => created)).toHaveLength(1);
    expect(await ofType('organization.created.v1')).toHaveLength(1);
    expect(values[0]).toMatchObject({ role: 'owner', slug: expect.stringMatching(/^personal-[a-z0-9]{5}$/) });
  });

  it('returns the existing organization at the next login', async () => {
    const [first] = await ofType('organization.created.v1');
    expect(await handlers.ensureDefault({ userId: 'ada' }, bus.own({}))).toMatchObject({
      ok: true,
      value: { created: false, organizationId: first?.stream.slice('organization-'.length) },
    });
  });

  it('does not create a second default organization for a user who left the first', async () => {
    const [first] = await ofType('organization.created.v1');
    const stream = first?.stream ?? '';
    const context = admin();
    await embedded.commands.run(
      organizationDecider,
      stream,
      { type: 'set-member', memberId: 'root', kind: 'person', role: 'owner', nowMs: 0 },
      context,
      { step: 'add' },
    );
    await embedded.commands.run(
      organizationDecider,
      stream,
      { type: 'remove-member', memberId: 'ada', leaving: false, nowMs: 0 },
      context,
      { step: 'remove' },
    );
    expect(await handlers.ensureDefault({ userId: 'ada' }, bus.own({}))).toMatchObject({
      ok: false,
      error: { code: 'organization/none', kind: 'not-found' },
    });
  });

  it('uses the next slug when another organization has the first', async () => {
    const organizationId = embedded.ids.uuid();
    const context = admin();
    await embedded.commands.run(
      nameDecider,
      nameStream('slug', defaultSlug(organizationId, 0)),
      { type: 'claim-name', kind: 'slug', organizationId: 'somebody', shown: '' },
      admin(),
    );
    const made = await creation.resumeDefault('unlucky', organizationId, context);
    expect(made).toMatchObject({ ok: true, value: { slug: defaultSlug(organizationId, 1) } });
    const name = await embedded.commands.load(nameDecider, nameStream('name', defaultSlug(organizationId, 0)));
    expect(name).toMatchObject({ ok: true, value: { state: { holder: undefined } } });
  });

  it('creates an organization for its owner, with the default limits', async () => {
    expect(await create('Acme Rockets')).toMatchObject({
      ok: true,
      value: { slug: 'acme-rockets', role: 'owner', plan: 'developer', members: 1, memberLimit: 5 },
      meta: { created: true },
    });
    expect(await handlers.create({ name: 'For Grace', owner: 'grace-canary@acme.dev' }, admin())).toMatchObject({
      ok: true,
      value: { role: null },
    });
  });

  it('A20: rejects names that look alike, and releases a name when its slug was taken', async () => {
    expect(await create('ACME   rockets', 'other')).toMatchObject({
      ok: false,
      error: { code: 'organization/name-taken' },
    });
    expect(await create('Entirely Different', 'acme-rockets')).toMatchObject({
      ok: false,
      error: { code: 'organization/slug-taken' },
    });
    expect(await create('Entirely Different')).toMatchObject({ ok: true });
  });

  it('A18: accepts exactly one of 20 simultaneous requests for the same name', async () => {
    const responses = await Promise.all(Array.from({ length: 20 }, () => create('Contested')));
    expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
    expect(
      responses.flatMap((response) => (response.ok ? [] : [response.error.kind])).every((kind) => kind === 'conflict'),
    ).toBe(true);
  });

  it('F4: returns the same organization for a repeated request', async () => {
    const context = embedded.request({ kind: 'login', userId: 'root' }, { isGlobalAdmin: true, key: 'again' });
    const first = await handlers.create({ name: 'Repeated' }, context);
    const second = await handlers.create({ name: 'Repeated' }, context);
    expect(first).toMatchObject({ ok: true });
    expect(second).toMatchObject({ ok: true, value: { id: first.ok && first.value.id } });
    expect(await ofType('organization.created.v1', first.ok ? first.value.id : 'none')).toHaveLength(1);
  });

  it('F4: returns the same error for a repeated request, even if the slug is free by then', async () => {
    const holder = embedded.ids.uuid();
    const stream = nameStream('slug', 'held-for-now');
    await embedded.commands.run(
      nameDecider,
      stream,
      { type: 'claim-name', kind: 'slug', organizationId: holder, shown: '' },
      admin(),
    );
    const context = embedded.request({ kind: 'login', userId: 'root' }, { isGlobalAdmin: true, key: 'refused' });
    const again = () => handlers.create({ name: 'Held For Now' }, context);
    expect(await again()).toMatchObject({ ok: false, error: { code: 'organization/slug-taken' } });
    await embedded.commands.run(
      nameDecider,
      stream,
      { type: 'release-name', kind: 'slug', organizationId: holder },
      admin(),
    );
    expect(await again()).toMatchObject({ ok: false, error: { code: 'organization/slug-taken' } });
    expect(await create('Held For Now')).toMatchObject({ ok: true });
  });

  it('F21: completes a creation in the next process, whichever append it was killed before', async () => {
    const round = (n: number) => ({ name: `Killed ${n}`, slug: `killed-${n}`, key: `killed ${n}` });
    const attempt = (commands: CommandRunner, n: number) => {
      const { name, slug, key } = round(n);
      const killed = new CreationHandlers(
        creationOver(commands),
        commands,
        embedded.access,
        new MemberLookup(commands, embedded.access, bus),
        bus,
        embedded.clock,
        invitations,
      );
      return killed.create({ name, slug }, embedded.request({ kind: 'login', userId: 'root' }, { key }));
    };
    const appends = await killAtEachAppend(embedded, {
      attempt: attempt,
      resumption: (commands) => resumptionOver(commands),
      async check(n, died) {
        const { name, slug } = round(n);
        const createdAs = async () =>
          (await ofType('organization.created.v1')).filter(({ data }) => JSON.stringify(data).includes(`"${slug}"`));
        expect(await createdAs()).toHaveLength(died === 0 ? 0 : 1);
        expect(await attempt(embedded.commands, n)).toMatchObject({ ok: true, value: { name, slug } });
        expect(await createdAs()).toHaveLength(1);
      },
    });
    expect(appends).toBe(3); // name, slug, organization
  });

  it('F21: releases the name when the slug is taken, whichever append it was killed before', async () => {
    expect(await create('Holder of a slug', 'held-slug')).toMatchObject({ ok: true });
    const name = (n: number) => `Refused ${n}`;
    const draft = (n: number) => ({
      organizationId: `refused-${n}`,
      name: name(n),
      slug: 'held-slug',
      ownerId: 'grace',
      isDefault: false,
    });
    const appends = await killAtEachAppend(embedded, {
      attempt: (commands, n) => creationOver(commands).create(draft(n), admin()),
      resumption: (commands) => resumptionOver(commands),
      async check(n) {
        const names = new Names(embedded.commands);
        expect(await names.claimed([{ kind: 'name', name: name(n) }], `refused-${n}`)).toEqual(ok([]));
        expect(await create(name(n))).toMatchObject({ ok: true });
      },
    });
    expect(appends).toBe(2); // the claim of the name and its release
  });

  it('F21: creates a default organization once, whichever append it was killed before', async () => {
    const user = (n: number) => `first-login-${n}`;
    const appends = await killAtEachAppend(embedded, {
      attempt: (commands, n) => creationOver(commands).createDefault(user(n), admin()),
      resumption: (commands) => resumptionOver(commands),
      async check(n, died) {
        const made = async () =>
          (await ofType('organization.created.v1')).filter(({ data }) => ownerIn(data) === user(n));
        expect(await made()).toHaveLength(died === 0 ? 0 : 1);
        expect(await creation.createDefault(user(n), admin())).toMatchObject({ ok: true });
        expect(await made()).toHaveLength(1);
      },
    });
    expect(appends).toBe(4); // the user's default organization, name, slug, organization
  });

  it('F21: continues past names that another context claims', async () => {
    const clusterNames: Decider<null, null, Fact, never> = {
      events: { categories: ['names-cluster'], types: { 'cluster-uid.claimed.v1': true } },
      initialState: null,
      evolve: () => null,
      decide: () => ok([{ type: 'cluster-uid.claimed.v1', data: {} }]),
    };
    await embedded.commands.run(clusterNames, 'names-cluster-1', null, admin());
    const left = embedded.ids.uuid();
    await new Names(embedded.commands).claim({ kind: 'default', name: 'left-behind', organizationId: left }, admin());
    embedded.sourcing.reactors([Object.assign(resumptionOver(embedded.commands), { delayMs: 0 })]);
    await eventually(async () => expect(await ofType('organization.created.v1', left)).toHaveLength(1));
  });

  it('writes no address and no name of a person to the log', async () =>
    expect(JSON.stringify(await embedded.events())).not.toMatch(/canary/i));
});

const ownerIn = (data: unknown): unknown => data instanceof Object && 'ownerId' in data && data.ownerId;
