import { createCommandRunner, type CommandRunner } from '#event-sourcing';
import { ok, silentLogger, type CommandContext, type Decider, type DomainError, type Fact, type Result } from '#kernel';
import { temporaryFolder } from '#testing';
import { answeringBus, killAtEachAppend, openEmbedded, type Embedded } from '#testing/embedded';
import { ApplicationChangesReactor } from './applications/application-changes.reactor.ts';
import { applicationDecider, applicationStream } from './applications/application.decider.ts';
import { Deployer } from './applications/deployer.service.ts';
import { NameRelease } from './applications/name-release.service.ts';
import { ProtectionReader } from './applications/protection.service.ts';
import { AttemptHistory } from './attempts/attempt-history.service.ts';
import { catalogDecider, catalogStream } from './catalog/catalog.decider.ts';
import type { NamedKind } from './catalog/catalog.events.ts';
import { ClusterChangesReactor } from './clusters/cluster-changes.reactor.ts';
import { ClusterChanges, type NewCluster } from './clusters/cluster-changes.service.ts';
import { clusterNameDecider, clusterNameStream } from './clusters/cluster-name.decider.ts';
import { clusterDecider, clusterStream } from './clusters/cluster.decider.ts';
import { namespacesDecider, namespacesStream } from './clusters/namespaces.decider.ts';
import { ProfileChangesReactor } from './profiles/profile-changes.reactor.ts';
import { ProfileChanges, type NewProfile } from './profiles/profile-changes.service.ts';
import { profileDecider, profileStream } from './profiles/profile.decider.ts';
import { OrganizationLookup } from './shared/organization-lookup.service.ts';
import { aConfiguration, aProfile, aRegistration } from './testing/facts.ts';

let embedded: Embedded;
const folder = temporaryFolder();
beforeAll(async () => void (embedded = await openEmbedded(folder)));
afterAll(() => embedded.close());

/** An organization for each round, so that each begins with nothing. */
let org = '';
beforeEach(() => void (org = ''));
const context = (key: string) => embedded.request({ kind: 'login', userId: 'ada' }, { organizationId: org, key });
const stateOf = async <S, C, E extends Fact>(decider: Decider<S, C, E, DomainError>, stream: string): Promise<S> =>
  done(embedded.commands.load(decider, stream)).then(({ state }) => state);
const held = async (kind: NamedKind) => [...(await stateOf(catalogDecider, catalogStream(org))).entries[kind].keys()];

async function done<T>(answer: Promise<Result<T, DomainError>>): Promise<T> {
  const { ok: isOk, ...rest } = await answer;
  if (isOk && 'value' in rest) return rest.value;
  throw new Error('error' in rest ? rest.error.code : 'no answer');
}

const clusterOf = (round: number): NewCluster => {
  const uid = `${org} uid`;
  return {
    kind: 'cluster',
    name: 'dev',
    id: `${org}-c${round}`,
    counted: true,
    refers: null,
    intent: { ...aRegistration, uid },
  };
};

/** An organization with a cluster, for a profile; and with the profile, for an application. */
async function organization(name: string, round: number) {
  org = `${name}-${round}`;
  const cluster = clusterOf(round);
  await done(new ClusterChanges(embedded.commands).register(org, cluster, context('cluster')));
  const intent = { ...aProfile, clusterId: cluster.id };
  const profile: NewProfile = {
    kind: 'profile',
    name: 'staging',
    id: `${org}-p`,
    counted: true,
    refers: cluster.id,
    intent,
  };
  return { cluster, profile };
}

describe('a profile, killed before each append', () => {
  const resumption = (commands: CommandRunner) => new ProfileChangesReactor(new ProfileChanges(commands));
  const statusOf = async ({ id }: NewProfile) => (await stateOf(profileDecider, profileStream(id))).status;

  it('is created', async () => {
    let profile: NewProfile;
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        ({ profile } = await organization('profile-created', round));
        return new ProfileChanges(commands).apply(org, profile, 'all', context('create'));
      },
      resumption,
      async check(_round, died) {
        expect(await held('profile')).toEqual(died === 0 ? [] : ['staging']);
        expect(await statusOf(profile)).toBe(died === 0 ? 'absent' : 'active');
      },
    });
    expect(appends).toBe(2); // catalog, profile
  });

  it('ends with nothing when its own stream refuses', async () => {
    let profile: NewProfile;
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        ({ profile } = await organization('profile-refused', round));
        return new ProfileChanges(commands).apply(org, profile, 'defaults', context('create'));
      },
      resumption,
      async check(_round, died) {
        // Whoever could claim the name was allowed to: the handler looks first. So the next process creates it.
        const isActive = died === 1;
        expect(await held('profile')).toEqual(isActive ? ['staging'] : []);
        expect(await statusOf(profile)).toBe(isActive ? 'active' : died === 0 ? 'absent' : 'deleted');
      },
    });
    expect(appends).toBe(3); // catalog, end of the profile, release
  });

  it('is deleted', async () => {
    let profile: NewProfile;
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        ({ profile } = await organization('profile-deleted', round));
        await done(new ProfileChanges(embedded.commands).apply(org, profile, 'all', context('create')));
        return new ProfileChanges(commands).delete(org, profile, context('delete'));
      },
      resumption,
      async check(_round, died) {
        expect(await held('profile')).toEqual(died === 0 ? ['staging'] : []);
        expect(await statusOf(profile)).toBe(died === 0 ? 'active' : 'deleted');
      },
    });
    expect(appends).toBe(3); // catalog, profile, release
  });
});

describe('a cluster, killed before each append', () => {
  const resumption = (commands: CommandRunner) => new ClusterChangesReactor(new ClusterChanges(commands));
  const statusOf = async ({ id }: NewCluster) => (await stateOf(clusterDecider, clusterStream(id))).status;
  const ownerOf = async ({ intent }: NewCluster) => stateOf(clusterNameDecider, clusterNameStream(intent.uid));

  it('is registered', async () => {
    let cluster: NewCluster;
    const appends = await killAtEachAppend(embedded, {
      attempt(commands, round) {
        org = `cluster-registered-${round}`;
        cluster = clusterOf(round);
        return new ClusterChanges(commands).register(org, cluster, context('register'));
      },
      resumption,
      async check(_round, died) {
        const isThere = died !== 0;
        expect(await held('cluster')).toEqual(isThere ? ['dev'] : []);
        expect((await ownerOf(cluster)).clusters).toEqual(isThere ? [cluster.id] : []);
        expect(await statusOf(cluster)).toBe(isThere ? 'active' : 'absent');
      },
    });
    expect(appends).toBe(3); // catalog, physical cluster, cluster
  });

  it('ends with nothing when another organization has the physical cluster', async () => {
    let cluster: NewCluster;
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        const { cluster: theirs } = await organization('cluster-theirs', round);
        org = `cluster-refused-${round}`;
        cluster = { ...clusterOf(round), intent: theirs.intent };
        return new ClusterChanges(commands).register(org, cluster, context('register'));
      },
      resumption,
      async check(_round, died) {
        expect(await held('cluster')).toEqual([]);
        expect((await ownerOf(cluster)).clusters).not.toContain(cluster.id);
        expect(await statusOf(cluster)).toBe(died === 0 ? 'absent' : 'deleted');
      },
    });
    expect(appends).toBe(3); // catalog, end of the cluster, release
  });

  it('is removed', async () => {
    let cluster: NewCluster;
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        ({ cluster } = await organization('cluster-removed', round));
        const nothing = () => Promise.resolve(ok(undefined));
        return new ClusterChanges(commands).delete(org, cluster, context('remove'), nothing);
      },
      resumption,
      async check(_round, died) {
        const isThere = died === 0;
        expect(await held('cluster')).toEqual(isThere ? ['dev'] : []);
        expect((await ownerOf(cluster)).clusters).toEqual(isThere ? [cluster.id] : []);
        expect(await statusOf(cluster)).toBe(isThere ? 'active' : 'deleted');
      },
    });
    expect(appends).toBe(4); // catalog, physical cluster, cluster, release
  });

  it('that ends before it has begun gives its physical cluster back', async () => {
    org = 'cluster-cut';
    const cluster = clusterOf(0);
    const mortal = createCommandRunner({
      ...embedded,
      log: silentLogger,
      eventStore: {
        ...embedded.eventStore,
        append: (...args) =>
          args[0].startsWith('cluster-') ? Promise.reject(new Error('died')) : embedded.eventStore.append(...args),
      },
    });
    await expect(new ClusterChanges(mortal).register(org, cluster, context('register'))).rejects.toThrow('died');
    const nothing = () => Promise.resolve(ok(undefined));
    await done(new ClusterChanges(embedded.commands).delete(org, cluster, context('remove'), nothing));
    await done(new ClusterChanges(embedded.commands).resumeRegistration(org, cluster, context('resume')));
    expect((await ownerOf(cluster)).clusters).toEqual([]);
    expect(await held('cluster')).toEqual([]);
  });
});

describe('an application, killed before each append', () => {
  const bus = answeringBus('deployments', {});
  const deployerOver = (commands: CommandRunner) =>
    new Deployer(
      commands,
      embedded.clock,
      new AttemptHistory(commands, embedded.clock),
      new NameRelease(commands),
      new ProtectionReader(commands),
    );
  const resumption = (commands: CommandRunner) =>
    new ApplicationChangesReactor(
      deployerOver(commands),
      new NameRelease(commands),
      new OrganizationLookup(bus, embedded.access),
    );
  const statusOf = async () => (await stateOf(applicationDecider, applicationStream(`${org}-a`))).status;
  const namespaces = async () =>
    [...(await stateOf(namespacesDecider, namespacesStream(`${org} uid`)))].filter(([, { applications }]) =>
      applications.includes(`${org}-a`),
    );

  /** An organization with a profile, and an application to be made there. */
  async function draft(name: string, round: number) {
    const { cluster, profile } = await organization(name, round);
    await done(new ProfileChanges(embedded.commands).apply(org, profile, 'all', context('profile')));
    const configuration = {
      ...aConfiguration,
      profile: { ...aConfiguration.profile, id: profile.id },
      cluster: { ...aConfiguration.cluster, id: cluster.id, uid: cluster.intent.uid },
    };
    return { organizationId: org, applicationId: `${org}-a`, configuration, revision: 1, named: false, isAdmin: false };
  }

  it('is created', async () => {
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        return deployerOver(commands).create(await draft('application-created', round), context('create'));
      },
      resumption,
      async check(_round, died) {
        const isThere = died !== 0;
        expect(await held('application')).toEqual(isThere ? ['web'] : []);
        expect(await namespaces()).toHaveLength(isThere ? 1 : 0);
        expect(await statusOf()).toBe(isThere ? 'active' : 'absent');
      },
    });
    expect(appends).toBe(3); // catalog, namespaces, application
  });

  it('ends with nothing when another one has its namespace', async () => {
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        const wanted = await draft('application-refused', round);
        const { targetNamespace: namespace, cluster } = wanted.configuration;
        const claim = {
          type: 'claim',
          namespace,
          organizationId: 'theirs',
          applicationId: 'theirs',
          named: true,
        } as const;
        await done(embedded.commands.run(namespacesDecider, namespacesStream(cluster.uid), claim, context('theirs')));
        return deployerOver(commands).create(wanted, context('create'));
      },
      resumption,
      async check(_round, died) {
        expect(await held('application')).toEqual([]);
        expect(await namespaces()).toEqual([]);
        expect(await statusOf()).toBe(died === 0 ? 'absent' : 'deleted');
      },
    });
    expect(appends).toBe(3); // catalog, end of the application, release
  });

  it('gives its namespace back too when its own stream refuses', async () => {
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        const wanted = await draft('application-late', round);
        const refused: CommandContext & { ifMatch: number } = { ...context('create'), ifMatch: 7 };
        return deployerOver(commands).create(wanted, refused as never);
      },
      resumption,
      async check(_round, died) {
        const isThere = died === 1 || died === 2; // the next process does not know the revision that was expected
        expect(await held('application')).toEqual(isThere ? ['web'] : []);
        expect(await namespaces()).toHaveLength(isThere ? 1 : 0);
        expect(await statusOf()).toBe(isThere ? 'active' : died === 0 ? 'absent' : 'deleted');
      },
    });
    expect(appends).toBe(5); // catalog, namespaces, end of the application, namespaces, release
  });

  it('is gone, with what it held, after its deletion', async () => {
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        const { applicationId, configuration, ...place } = await draft('application-deleted', round);
        await done(
          deployerOver(embedded.commands).create({ applicationId, configuration, ...place }, context('create')),
        );
        const stream = applicationStream(applicationId);
        const protection = { isAdmin: true, profiles: new Map<string, boolean>(), neighbors: [] };
        const ask = { type: 'delete', orphan: false, attemptId: 'last', running: [], protection } as const;
        await done(embedded.commands.run(applicationDecider, stream, ask, context('delete')));
        const outcome = {
          outcome: 'succeeded',
          message: 'gone',
          inventory: [],
          endpoint: null,
          replicas: null,
        } as const;
        const end = { type: 'end-attempt', attemptId: 'last', outcome } as const;
        const ended = await commands.run(applicationDecider, stream, end, context('end'));
        if (ended.ok) return new NameRelease(commands).release(org, applicationId, 'web', context('end'));
        return ended;
      },
      resumption,
      async check(_round, died) {
        const isThere = died === 0;
        expect(await statusOf()).toBe(isThere ? 'deleting' : 'deleted');
        expect(await held('application')).toEqual(isThere ? ['web'] : []);
        expect(await namespaces()).toHaveLength(isThere ? 1 : 0);
      },
    });
    expect(appends).toBe(3); // application, namespaces, release
  });

  it('is not touched when the log is read from its beginning', async () => {
    const before = (await embedded.events()).length;
    for (const reactor of [
      resumption(embedded.commands),
      new ProfileChangesReactor(new ProfileChanges(embedded.commands)),
      new ClusterChangesReactor(new ClusterChanges(embedded.commands)),
    ]) {
      const types: readonly string[] = reactor.types;
      for await (const stored of embedded.eventStore.readAll())
        if (types.includes(stored.type)) await reactor.react({ event: stored as never, metadata: stored });
    }
    expect(await embedded.events()).toHaveLength(before);
  });
});
