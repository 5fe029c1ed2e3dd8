import { temporaryFolder } from '#testing';
import { openEmbedded, type Embedded } from '#testing/embedded';
import { OrganizationCreation } from '../creation/creation.service.ts';
import { Names } from '../names/names.service.ts';
import { organizationDecider } from '../organization.decider.ts';
import { organizationStream } from '../organization.events.ts';
import { DeparturesHandlers } from './departures.handlers.ts';

describe('memberships of a person who is being erased', () => {
  const folder = temporaryFolder();
  let embedded: Embedded;
  let departures: DeparturesHandlers;
  beforeAll(async () => {
    embedded = await openEmbedded(folder);
    const { commands, access, clock } = embedded;
    departures = new DeparturesHandlers(commands, access, clock);
    const creation = new OrganizationCreation(commands, new Names(commands));
    const found = async (slug: string, ownerId: string) => {
      const organizationId = embedded.ids.uuid();
      const context = embedded.request({ kind: 'login', userId: ownerId }, { organizationId });
      const made = await creation.create({ organizationId, name: slug, slug, ownerId, isDefault: false }, context);
      if (!made.ok) throw new Error(made.error.code);
      return organizationId;
    };
    await found('own', 'grace');
    const acme = await found('acme', 'ada');
    const added = await commands.run(
      organizationDecider,
      organizationStream(acme),
      { type: 'set-member', memberId: 'grace', kind: 'person', role: 'editor', nowMs: clock.now() },
      embedded.request({ kind: 'login', userId: 'ada' }, { organizationId: acme }),
    );
    if (!added.ok) throw new Error(added.error.code);
  });
  afterAll(() => embedded.close());

  const depart = (more: { readonly keepsOwned?: boolean } = {}) =>
    departures.depart(
      { userId: 'grace', check: false, ...more },
      embedded.request({ kind: 'service', service: 'identity' }),
    );
  const memberships = async () => {
    const directory = await embedded.access.current();
    return directory.ok ? (directory.value.memberships.get('grace')?.size ?? 0) : -1;
  };

  it('all stay if the person is the last owner of an organization', async () => {
    expect(await depart()).toMatchObject({ ok: false, error: { code: 'organization/last-owner-of' } });
    expect(await memberships()).toBe(2);
  });

  it('F30: end except those of a last owner, if a restored backup is from before the erasure', async () => {
    expect(await depart({ keepsOwned: true })).toMatchObject({ ok: true, value: { organizations: ['acme'] } });
    expect(await depart({ keepsOwned: true })).toMatchObject({ ok: true, value: { organizations: [] } });
    expect(await memberships()).toBe(1);
  });
});
