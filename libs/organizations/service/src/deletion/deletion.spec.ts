import { reply } from '#bus';
import type { CommandRunner } from '#event-sourcing';
import type { Actor } from '#kernel';
import { eventually, specify, temporaryFolder } from '#testing';
import { answeringBus, killAtEachAppend, openEmbedded, type Embedded } from '#testing/embedded';
import { OrganizationCreation } from '../creation/creation.service.ts';
import { Names } from '../names/names.service.ts';
import { organizationDecider } from '../organization.decider.ts';
import { organizationStream, type OrganizationEvent } from '../organization.events.ts';
import { DeletionHandlers } from './deletion.handlers.ts';
import { DeletionReactor } from './deletion.reactor.ts';
import { OrganizationDeletion } from './deletion.service.ts';

const created: OrganizationEvent = {
  type: 'organization.created.v1',
  data: { name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: false },
};
const requested: OrganizationEvent = {
  type: 'organization.deletion-requested.v1',
  data: { name: 'Acme', slug: 'acme' },
};
const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };
const request = (applications = 0, clusters = 0) =>
  ({ type: 'request-deletion', applications, clusters, nowMs: 0 }) as const;
const { given } = specify(organizationDecider);

describe('the deletion of an organization', () => {
  it('is requested once, and completed once', () => {
    given(created).when(request(), ada).thenRecorded(requested);
    given(created, requested).when(request(), ada).thenNothingRecorded();
    given(created, requested)
      .when({ type: 'complete-deletion' }, ada)
      .thenRecorded({ type: 'organization.deleted.v1', data: {} });
    given(created).when({ type: 'complete-deletion' }, ada).thenRejected({ code: 'organization/not-found' });
  });
  it('is rejected while there are applications or registered clusters', () => {
    given(created).when(request(2), ada).thenRejected({ code: 'organization/in-use', kind: 'conflict' });
    given(created).when(request(0, 1), ada).thenRejected({ code: 'organization/in-use' });
  });
  it('needs an owner with a login', () => {
    given(created)
      .when(request(), { ...ada, id: 'grace' })
      .thenRejected({ code: 'organization/may-not-delete' });
    given(created)
      .when(request(), { ...ada, key: { id: 'key_1', role: 'owner' } })
      .thenRejected({ code: 'organization/may-not-delete', kind: 'forbidden' });
  });
});

let applications = 0;
const bus = answeringBus('organizations', {
  'deployments.v1.applications.count': () => reply({ applications, clusters: 0 }),
});

describe('deleting organizations over the embedded engines', () => {
  const folder = temporaryFolder();
  let embedded: Embedded;
  beforeAll(async () => void (embedded = await openEmbedded(folder)));
  afterAll(() => embedded.close());
  beforeEach(() => void (applications = 0));

  const deletionOver = (commands: CommandRunner) =>
    new OrganizationDeletion(commands, new Names(commands), bus, embedded.clock);
  async function found(slug: string): Promise<string> {
    const organizationId = embedded.ids.uuid();
    const creation = new OrganizationCreation(embedded.commands, new Names(embedded.commands));
    const made = await creation.create(
      { organizationId, name: slug, slug, ownerId: 'ada', isDefault: false },
      embedded.request({ kind: 'login', userId: 'ada' }),
    );
    if (!made.ok) throw new Error(made.error.code);
    return organizationId;
  }
  const owner = (organizationId: string) => embedded.request({ kind: 'login', userId: 'ada' }, { organizationId });
  const statusOf = async (id: string) => {
    const directory = await embedded.access.current();
    return directory.ok ? directory.value.organizations.get(id)?.status : undefined;
  };

  it('F22: frees name and slug, which another organization can claim, 10 times', async () => {
    const handlers = new DeletionHandlers(deletionOver(embedded.commands));
    for (let round = 0; round < 10; round++) {
      const id = await found('acme');
      expect(await handlers.delete({ org: id }, owner(id))).toMatchObject({ ok: true, value: { slug: 'acme' } });
      await eventually(async () => expect(await statusOf(id)).toBe('DELETED'));
    }
  });

  it('records nothing in a dry run', async () => {
    const id = await found('dry');
    const before = (await embedded.events()).length;
    expect(await deletionOver(embedded.commands).delete({ ...owner(id), dryRun: true })).toMatchObject({ ok: true });
    expect(await embedded.events()).toHaveLength(before);
  });

  it('waits for an application that was accepted at the same time', async () => {
    const id = await found('waits');
    const stream = organizationStream(id);
    const command = { type: 'request-deletion', applications: 0, clusters: 0, nowMs: 0 } as const;
    await embedded.commands.run(organizationDecider, stream, command, owner(id));
    applications = 1;
    const names = { name: 'waits', slug: 'waits' };
    const deletion = deletionOver(embedded.commands);
    expect(await deletion.finish(id, names, owner(id))).toMatchObject({
      ok: false,
      error: { code: 'organization/deletion-waits', kind: 'unavailable' },
    });
    expect(await statusOf(id)).toBe('DELETING');
    applications = 0;
    expect(await deletion.finish(id, names, owner(id))).toMatchObject({ ok: true });
    await eventually(async () => expect(await statusOf(id)).toBe('DELETED'));
  });

  it('F21: is completed after a crash at every append', async () => {
    let id = '';
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, n) {
        id = await found(`killed-${n}`);
        return deletionOver(commands).delete(owner(id));
      },
      resumption: (commands) => new DeletionReactor(deletionOver(commands)),
      async check(n, died) {
        await eventually(async () => expect(await statusOf(id)).toBe(died === 0 ? 'ACTIVE' : 'DELETED'));
        if (died !== 0) await found(`killed-${n}`);
      },
    });
    expect(appends).toBe(4); // the request, the end, the slug, and the name
  });
});
