import { reply, type OrganizationContext } from '#bus';
import type { CommandRunner } from '#event-sourcing';
import type { CommandContext } from '#kernel';
import { changeOrganizationRequest } from '#organizations/contract';
import { eventually, manualClock, temporaryFolder } from '#testing';
import { answeringBus, killAtEachAppend, openEmbedded, type Embedded } from '#testing/embedded';
import { OrganizationCreation } from '../creation/creation.service.ts';
import { NameClaimsReactor } from '../name-claims.reactor.ts';
import { Names } from '../names/names.service.ts';
import { organizationDecider } from '../organization.decider.ts';
import { organizationStream } from '../organization.events.ts';
import { OrganizationViews } from '../overview/organization-views.service.ts';
import { organizationsProjection } from '../overview/organizations.projection.ts';
import { OrganizationChanges } from './organization-change.service.ts';
import { SettingsHandlers } from './settings.handlers.ts';

/** Number of applications that the stub of deployments returns for every organization. */
let applications = 0;
const bus = answeringBus('organizations', {
  'deployments.v1.applications.count': () => reply({ applications, clusters: 0 }),
  'billing.v1.subscription.of': () => reply({ plans: {}, pricingUrl: 'https://plans.example' }),
});
type Wanted = { readonly name?: string; readonly slug?: string };

const clock = manualClock();
const creationOver = (commands: CommandRunner) => new OrganizationCreation(commands, new Names(commands));
const changesOver = (commands: CommandRunner) => new OrganizationChanges(commands, new Names(commands), bus, clock);
const resumptionOver = (commands: CommandRunner) =>
  new NameClaimsReactor(creationOver(commands), changesOver(commands));

describe('changing an organization', () => {
  const folder = temporaryFolder();
  let embedded: Embedded;
  let handlers: SettingsHandlers;
  let names: Names;
  beforeAll(async () => {
    embedded = await openEmbedded(folder);
    const { commands, readModels, access } = embedded;
    await embedded.sourcing.projections([organizationsProjection]);
    names = new Names(commands);
    handlers = new SettingsHandlers(
      changesOver(commands),
      new OrganizationViews(readModels, commands, access, bus, embedded.clock),
    );
  });
  beforeEach(() => void (applications = 0));
  afterAll(() => embedded.close());

  const owner = (organizationId: string, key?: string): OrganizationContext =>
    embedded.request({ kind: 'login', userId: 'ada' }, { organizationId, ...(key !== undefined && { key }) });
  const organization = async (name: string, slug: string): Promise<string> => {
    const organizationId = embedded.ids.uuid();
    const draft = { organizationId, name, slug, ownerId: 'ada', isDefault: false };
    const made = await creationOver(embedded.commands).create(draft, owner(organizationId));
    if (!made.ok) throw new Error(made.error.code);
    return organizationId;
  };
  const change = (id: string, to: Wanted, more: Partial<OrganizationContext> = {}) =>
    handlers.change({ org: id, ...to }, { ...owner(id), ...more });
  const present = async (id: string) => {
    const loaded = await embedded.commands.load(organizationDecider, organizationStream(id));
    if (!loaded.ok || loaded.value.state.status !== 'active') throw new Error('there is no such organization');
    const { name, slug } = loaded.value.state;
    return { name, slug };
  };
  /** Returns those of the given names that the organization holds. */
  const held = async (id: string, ...wanted: { kind: 'name' | 'slug'; name: string }[]) => {
    const claims = await names.claimed(wanted, id);
    return claims.ok ? claims.value.map(({ name }) => name) : [];
  };
  const named = (name: string) => ({ kind: 'name', name }) as const;
  const slugged = (name: string) => ({ kind: 'slug', name }) as const;
  const resume = async (commands: CommandRunner = embedded.commands) => {
    const resumption = resumptionOver(commands);
    for await (const stored of embedded.eventStore.readAll()) {
      if (stored.type === 'name.claimed.v1') await resumption.react({ event: stored as never, metadata: stored });
    }
  };

  it('claims the new names and releases the old ones', async () => {
    const id = await organization('Acme', 'acme');
    expect(await change(id, { name: 'Rockets', slug: 'rockets' })).toMatchObject({
      ok: true,
      value: { id, name: 'Rockets', slug: 'rockets' },
      meta: { position: expect.any(String), revision: 2 },
    });
    const all = [named('Acme'), slugged('acme'), named('Rockets'), slugged('rockets')];
    expect(await held(id, ...all)).toEqual(['Rockets', 'rockets']);
    await organization('ACME', 'acme'); // the former names are free for another organization
  });

  it('is found by its new slug, and no longer by its old slug', async () => {
    const id = await organization('Found', 'found');
    await change(id, { slug: 'found-anew' });
    await eventually(async () => {
      const directory = await embedded.access.current();
      expect(directory.ok && directory.value.organization('found-anew')?.id).toBe(id);
      expect(directory.ok && directory.value.organization('found')).toBe(undefined);
    });
  });

  it('changes the spelling of a name without a claim, because it is the same name', async () => {
    const id = await organization('Same name', 'same');
    const before = (await embedded.events()).length;
    expect(await change(id, { name: 'SAME  Name' })).toMatchObject({ ok: true, value: { slug: 'same' } });
    expect(await embedded.events()).toHaveLength(before + 1);
  });

  it('rejects a name or slug of another organization, and keeps its own', async () => {
    const id = await organization('Mine', 'mine');
    await organization('Theirs', 'theirs');
    expect(await change(id, { name: 'theirs' })).toMatchObject({
      ok: false,
      error: { code: 'organization/name-taken' },
    });
    expect(await change(id, { name: 'Mine too', slug: 'theirs' })).toMatchObject({
      ok: false,
      error: { code: 'organization/slug-taken' },
    });
    expect(await present(id)).toEqual({ name: 'Mine', slug: 'mine' });
    expect(await held(id, named('Mine'), slugged('mine'), named('Mine too'))).toEqual(['Mine', 'mine']);
  });

  it('keeps the slug once there is an application, for every caller', async () => {
    const id = await organization('Fixed', 'fixed');
    applications = 2;
    expect(await change(id, { slug: 'other' })).toMatchObject({
      ok: false,
      error: { code: 'organization/slug-fixed', extra: { applications: 2 } },
    });
    expect(await held(id, slugged('fixed'), slugged('other'))).toEqual(['fixed']);
    expect(await change(id, { name: 'Fixed still' })).toMatchObject({ ok: true });
  });

  it('changes settings, and returns all of them', async () => {
    const id = await organization('Settled', 'settled');
    const set = (settings: object) =>
      handlers.change(changeOrganizationRequest.input.parse({ org: id, settings }), owner(id));
    expect(await set({ contact: 'team@acme.dev', viewersReadLogs: false })).toMatchObject({
      ok: true,
      value: { settings: { contact: 'team@acme.dev', keyExpiry: null, viewersReadLogs: false } },
    });
    expect(await set({ contact: null })).toMatchObject({
      ok: true,
      value: { settings: { contact: null, viewersReadLogs: false } },
    });
  });

  it.each([
    { contact: 'somebody' },
    { contact: 'ftp://acme.dev' },
    { keyExpiry: 'soon' },
    { revokeLeakedKeys: 'yes' },
    { viewersRead: true },
  ])('rejects the settings %j', (settings) =>
    expect(changeOrganizationRequest.input.safeParse({ org: 'acme', settings }).success).toBe(false),
  );

  it('returns the result of a dry run, and changes nothing', async () => {
    const id = await organization('Dry', 'dry');
    await organization('Wet', 'wet');
    const before = (await embedded.events()).length;
    expect(await change(id, { name: 'Dryer', slug: 'dryer' }, { dryRun: true })).toMatchObject({
      ok: true,
      value: { name: 'Dryer', slug: 'dryer' },
      meta: {},
    });
    expect(await change(id, { slug: 'wet' }, { dryRun: true })).toMatchObject({
      ok: false,
      error: { code: 'organization/slug-taken' },
    });
    expect(await embedded.events()).toHaveLength(before);
  });

  it('rejects a change whose caller has not seen the current name, before it claims a name', async () => {
    const id = await organization('Seen', 'seen');
    const before = (await embedded.events()).length;
    expect(await change(id, { name: 'Unseen' }, { ifMatch: 0 })).toMatchObject({
      ok: false,
      error: { code: 'edge/precondition-failed' },
    });
    expect(await embedded.events()).toHaveLength(before);
    expect(await change(id, { name: 'Unseen' }, { ifMatch: 1 })).toMatchObject({ ok: true });
  });

  it('A18: accepts exactly one of several simultaneous renames to the same name', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, (_, n) => organization(`Many ${n}`, `many-${n}`)));
    const responses = await Promise.all(ids.map((id) => change(id, { name: 'Wanted by many' })));
    expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
  });

  it('accepts one of several simultaneous changes of an organization, which then holds only its names', async () => {
    const id = await organization('Torn', 'torn');
    const wanted = Array.from({ length: 8 }, (_, n) => ({ name: `Torn ${n}`, slug: `torn-${n}` }));
    await Promise.all(wanted.map((to) => change(id, to)));
    const now = await present(id);
    const all = [{ name: 'Torn', slug: 'torn' }, ...wanted];
    expect(await held(id, ...all.map(({ name }) => named(name)))).toEqual([now.name]);
    expect(await held(id, ...all.map(({ slug }) => slugged(slug)))).toEqual([now.slug]);
  });

  describe('F21: killed before each of its appends', () => {
    /** Checks that the organization always holds its old or its new names, and in the end exactly its current ones. */
    const check = (id: () => string, from: Required<Wanted>, to: Required<Wanted>) => async () => {
      const now = await present(id());
      expect([from, to]).toContainEqual(now);
      const all = [named(from.name), named(to.name), slugged(from.slug), slugged(to.slug)];
      expect(await held(id(), ...all)).toEqual([now.name, now.slug]);
    };

    it('is completed by the next process', async () => {
      let id = '';
      let from = { name: '', slug: '' };
      let to = from;
      let finished = 0;
      const appends = await killAtEachAppend(embedded, {
        async attempt(commands, n) {
          from = { name: `Before ${n}`, slug: `before-${n}` };
          to = { name: `After ${n}`, slug: `after-${n}` };
          id = await organization(from.name, from.slug);
          return changesOver(commands).change({ ...to, settings: { viewersReadLogs: false } }, owner(id, `kill ${n}`));
        },
        resumption: resumptionOver,
        async check(_n, died) {
          await check(() => id, from, to)();
          if ((await present(id)).name === to.name) finished++;
          if (died === 0) expect(await present(id)).toEqual(from);
        },
      });
      expect(appends).toBe(5); // name, slug, organization, old name, old slug
      expect(finished).toBe(5); // all but the one that was killed before its first claim
    });

    it('releases its names when the slug is taken', async () => {
      await organization('Taken elsewhere', 'taken-elsewhere');
      let id = '';
      let from = { name: '', slug: '' };
      const to = (n: number) => ({ name: `Refused change ${n}`, slug: 'taken-elsewhere' });
      let round = 0;
      const appends = await killAtEachAppend(embedded, {
        async attempt(commands, n) {
          round = n;
          from = { name: `Stays ${n}`, slug: `stays-${n}` };
          id = await organization(from.name, from.slug);
          return changesOver(commands).change({ ...to(n), settings: {} }, owner(id, `refused ${n}`));
        },
        resumption: resumptionOver,
        async check() {
          expect(await present(id)).toEqual(from);
          expect(await held(id, named(from.name), slugged(from.slug), named(to(round).name))).toEqual([
            from.name,
            from.slug,
          ]);
        },
      });
      expect(appends).toBe(2); // the claim of the name and its release
    });
  });

  it('is not repeated when the log is read from the beginning', async () => {
    const id = await organization('One', 'one');
    for (const to of [
      { name: 'Two', slug: 'two' },
      { name: 'Three', slug: 'three' },
      { name: 'One', slug: 'one' },
      { name: 'One', slug: 'one-and-only' },
    ])
      expect(await change(id, to)).toMatchObject({ ok: true });
    const before = (await embedded.events()).length;
    await resume();
    expect(await embedded.events()).toHaveLength(before);
    expect(await present(id)).toEqual({ name: 'One', slug: 'one-and-only' });
  });

  it('does not release a name that a later change has claimed again', async () => {
    const id = await organization('Back', 'back');
    await change(id, { name: 'Forth' });
    // A second rename, back to the first name, has claimed that name and then crashed.
    const context: CommandContext = owner(id, 'way back');
    const former = await names.claimed([named('Forth')], id);
    if (!former.ok) throw new Error(former.error.code);
    const renaming = { name: 'Back', slug: 'back', from: { name: 'Forth', slug: 'back' } };
    const draft = { organizationId: id, ...renaming, settings: {}, former: former.value };
    await names.claim({ kind: 'name', name: 'Back', organizationId: id, isNew: true, change: draft }, context);
    await resume(); // reads the claims of both changes
    expect(await present(id)).toEqual({ name: 'Back', slug: 'back' });
    expect(await held(id, named('Back'), named('Forth'))).toEqual(['Back']);
  });

  it('rejects a name that another change is about to use', async () => {
    const id = await organization('Busy', 'busy');
    await names.claim({ kind: 'name', name: 'Busier', organizationId: id }, owner(id));
    expect(await change(id, { name: 'Busier' })).toMatchObject({
      ok: false,
      error: { code: 'organization/rename-under-way', kind: 'conflict' },
    });
  });
});
