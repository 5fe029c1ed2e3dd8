import { reply } from '#bus';
import type { CommandRunner } from '#event-sourcing';
import { silentLogger } from '#kernel';
import { eventually, temporaryFolder } from '#testing';
import { answeringBus, killAtEachAppend, openEmbedded, type Embedded } from '#testing/embedded';
import { OrganizationCreation } from '../creation/creation.service.ts';
import { Names } from '../names/names.service.ts';
import { organizationDecider } from '../organization.decider.ts';
import { organizationStream } from '../organization.events.ts';
import { DeletionHandlers } from './deletion.handlers.ts';
import { DeletionReactor } from './deletion.reactor.ts';
import { DeletionsSweep } from './deletions.sweep.ts';
import { OrganizationDeletion } from './deletion.service.ts';

const request = {
  type: 'request-deletion',
  applications: 0,
  clusters: 0,
  cascade: false,
  orphan: false,
  nowMs: 0,
} as const;

const left = { applications: 0, profiles: 0, clusters: 0 };
const listed = (count: number) => ({ count, names: Array.from({ length: count }, (_, index) => `name-${index}`) });
const bus = answeringBus('organizations', {
  'deployments.v1.organizations.contents': () =>
    reply({
      applications: listed(left.applications),
      profiles: listed(left.profiles),
      clusters: listed(left.clusters),
      waits: [],
    }),
});

describe('deleting organizations over the embedded engines', () => {
  const folder = temporaryFolder();
  let embedded: Embedded;
  beforeAll(async () => void (embedded = await openEmbedded(folder)));
  afterAll(() => embedded.close());
  beforeEach(() => void Object.assign(left, { applications: 0, profiles: 0, clusters: 0 }));

  const deletionOver = (commands: CommandRunner) =>
    new OrganizationDeletion(commands, new Names(commands), bus, embedded.clock);
  const handlersOver = (commands: CommandRunner) =>
    new DeletionHandlers(deletionOver(commands), embedded.access, embedded.clock);
  const sweepOver = (commands: CommandRunner) =>
    new DeletionsSweep(embedded.access, bus, silentLogger, deletionOver(commands));
  const swept = () => sweepOver(embedded.commands).run(new AbortController().signal);
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
  const plain = { cascade: false, orphan: false };
  const cascade = { cascade: true, orphan: false };

  it('F22: frees name and slug, which another organization can claim, 10 times', async () => {
    const handlers = handlersOver(embedded.commands);
    for (let round = 0; round < 10; round++) {
      const id = await found('acme');
      expect(await handlers.delete({ org: id, ...plain }, owner(id))).toMatchObject({
        ok: true,
        value: { slug: 'acme' },
      });
      await eventually(async () => expect(await statusOf(id)).toBe('DELETED'));
    }
  });

  it('records nothing in a dry run, which lists what is deleted', async () => {
    const id = await found('dry');
    const before = (await embedded.events()).length;
    Object.assign(left, { applications: 2, profiles: 1 });
    const dry = { ...owner(id), dryRun: true };
    const handlers = handlersOver(embedded.commands);
    expect(await handlers.delete({ org: id, ...cascade }, dry)).toMatchObject({
      ok: true,
      value: {
        deletes: {
          applications: { count: 2, names: ['name-0', 'name-1'] },
          profiles: { count: 1 },
          clusters: { count: 0, names: [] },
          keys: { count: 0 },
        },
      },
    });
    expect(await handlers.delete({ org: id, ...plain }, dry)).toMatchObject({
      ok: false,
      error: { code: 'organization/in-use', fix: expect.stringContaining('--cascade') },
    });
    expect(await embedded.events()).toHaveLength(before);
  });

  it('waits for an application or cluster that was accepted at the same time', async () => {
    const id = await found('waits');
    const stream = organizationStream(id);
    await embedded.commands.run(organizationDecider, stream, request, owner(id));
    const deletion = deletionOver(embedded.commands);
    for (const kind of ['applications', 'clusters'] as const) {
      Object.assign(left, { applications: 0, clusters: 0, profiles: 1, [kind]: 1 });
      expect(await deletion.finish(id, owner(id))).toMatchObject({
        ok: false,
        error: { code: 'organization/deletion-waits', kind: 'unavailable' },
      });
    }
    await eventually(async () => expect(await statusOf(id)).toBe('DELETING'));
    left.clusters = 0; // profiles go with the organization
    expect(await deletion.finish(id, owner(id))).toMatchObject({ ok: true });
    await eventually(async () => expect(await statusOf(id)).toBe('DELETED'));
  });

  it('with cascade is complete once nothing is left, and is recorded with the person who requested it', async () => {
    const id = await found('cascade');
    Object.assign(left, { applications: 1, profiles: 1, clusters: 1 });
    const by = { permission: 'organization.delete', rule: 'role', role: 'owner' };
    const asked = await deletionOver(embedded.commands).delete(cascade, { ...owner(id), by });
    expect(asked).toMatchObject({ ok: true });
    await eventually(async () => expect(await statusOf(id)).toBe('DELETING'));
    for (const kind of ['applications', 'profiles', 'clusters'] as const) {
      await swept();
      expect(await statusOf(id)).toBe('DELETING');
      left[kind] = 0;
    }
    await swept();
    await eventually(async () => expect(await statusOf(id)).toBe('DELETED'));
    const events = [];
    for await (const stored of embedded.eventStore.read(organizationStream(id))) events.push(stored);
    const [begun, end] = events.slice(-2);
    expect(begun).toMatchObject({ type: 'organization.deletion-requested.v1', actor: 'ada' });
    expect(end).toMatchObject({ type: 'organization.deleted.v1', actor: 'ada', causationId: begun?.id });
    expect(end?.correlationId).toBe(begun?.correlationId);
    await found('cascade');
  });

  it('that waits does not delay another one', async () => {
    const [waiting, other] = [await found('first'), await found('second')];
    left.profiles = 1; // only a deletion with cascade waits for them
    for (const [id, options] of [
      [waiting, cascade],
      [other, plain],
    ] as const) {
      const command = { ...request, ...options };
      await embedded.commands.run(organizationDecider, organizationStream(id), command, owner(id));
    }
    await eventually(async () => expect(await statusOf(other)).toBe('DELETING'));
    await swept();
    await eventually(async () => expect(await statusOf(other)).toBe('DELETED'));
    expect(await statusOf(waiting)).toBe('DELETING');
    left.profiles = 0;
    await swept();
  });

  it.each([
    ['without cascade', plain, 4], // the request, the end, the slug, and the name
    ['with cascade', cascade, 1], // the request; the sweep does the rest
  ])('F21: is completed after a crash at every append, %s', async (what, options, count) => {
    let id = '';
    const slugOf = (n: number) => `killed-${what.length}-${n}`;
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, n) {
        id = await found(slugOf(n));
        return deletionOver(commands).delete(options, owner(id));
      },
      resumption: (commands) => new DeletionReactor(deletionOver(commands)),
      async check(n, died) {
        if (died === 0) return expect(await statusOf(id)).toBe('ACTIVE');
        await eventually(async () => expect(await statusOf(id)).not.toBe('ACTIVE'));
        await swept();
        await eventually(async () => expect(await statusOf(id)).toBe('DELETED'));
        await found(slugOf(n));
      },
    });
    expect(appends).toBe(count);
  });

  it('F21: a sweep that is killed at every append is continued', async () => {
    let id = '';
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, n) {
        id = await found(`swept-${n}`);
        await deletionOver(embedded.commands).delete(cascade, owner(id));
        await eventually(async () => expect(await statusOf(id)).toBe('DELETING'));
        return sweepOver(commands).run(new AbortController().signal);
      },
      resumption: (commands) => new DeletionReactor(deletionOver(commands)),
      async check(n) {
        await swept();
        await eventually(async () => expect(await statusOf(id)).toBe('DELETED'));
        await found(`swept-${n}`);
      },
    });
    expect(appends).toBe(3); // the end, the slug, and the name
  });
});
