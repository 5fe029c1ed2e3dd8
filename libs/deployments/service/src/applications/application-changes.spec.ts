import type { CommandRunner } from '#event-sourcing';
import type { ResolvedSpec } from '#deployments/contract';
import { ok, type CommandContext } from '#kernel';
import { temporaryFolder } from '#testing';
import { answeringBus, killAtEachAppend, openEmbedded, type Embedded } from '#testing/embedded';
import { AttemptHistory } from '../attempts/attempt-history.service.ts';
import { ClusterChangesReactor } from '../clusters/cluster-changes.reactor.ts';
import { ClusterChanges } from '../clusters/cluster-changes.service.ts';
import { hostsDecider, hostsStream } from '../clusters/hosts.decider.ts';
import { namespacesDecider, namespacesStream } from '../clusters/namespaces.decider.ts';
import { ProfileChangesReactor } from '../profiles/profile-changes.reactor.ts';
import { ProfileChanges } from '../profiles/profile-changes.service.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import { aConfiguration } from '../testing/facts.ts';
import { done, InterruptedLog } from '../testing/interrupted-log.service.ts';
import { ApplicationChangesReactor } from './application-changes.reactor.ts';
import { applicationDecider, applicationStream } from './application.decider.ts';
import { Deployer } from './deployer.service.ts';
import { HostClaims } from './host-claims.service.ts';
import { NameRelease } from './name-release.service.ts';
import { ProtectionReader } from './protection.service.ts';

let embedded: Embedded;
const folder = temporaryFolder();
beforeAll(async () => void (embedded = await openEmbedded(folder)));
afterAll(() => embedded.close());
const log = new InterruptedLog(() => embedded);

describe('an application, when the process is killed before each append', () => {
  const bus = answeringBus('deployments', {});
  const content = { source: { type: 'image', workload: { host: 'web.acme.dev' } } } as ResolvedSpec;
  const hostsOver = (commands: CommandRunner) =>
    new HostClaims(commands, { hosts: async () => ok([]) }, { of: async () => ok(content) });
  const deployerOver = (commands: CommandRunner) =>
    new Deployer(
      commands,
      embedded.clock,
      new AttemptHistory(commands, embedded.clock),
      new NameRelease(commands),
      new ProtectionReader(commands),
      hostsOver(commands),
    );
  const resumption = (commands: CommandRunner) =>
    new ApplicationChangesReactor(
      deployerOver(commands),
      new NameRelease(commands),
      new OrganizationLookup(bus, embedded.access, embedded.clock),
      hostsOver(commands),
      new VaultRecords(embedded.vault),
    );
  const statusOf = async () => (await log.stateOf(applicationDecider, applicationStream(`${log.org}-a`))).status;
  const namespaces = async () =>
    [...(await log.stateOf(namespacesDecider, namespacesStream(`${log.org} uid`)))].filter(([, { applications }]) =>
      applications.includes(`${log.org}-a`),
    );

  const hosts = async () => [...(await log.stateOf(hostsDecider, hostsStream(`${log.org} uid`))).keys()];

  /** Creates an organization with a profile, and returns an application to create in it. */
  async function draft(name: string, round: number) {
    const { cluster, profile } = await log.organization(name, round);
    await done(new ProfileChanges(log.commands).apply(log.org, profile, 'all', log.context('profile')));
    const configuration = {
      ...aConfiguration,
      profile: { ...aConfiguration.profile, id: profile.id },
      cluster: { ...aConfiguration.cluster, id: cluster.id, uid: cluster.intent.uid },
    };
    return {
      organizationId: log.org,
      applicationId: `${log.org}-a`,
      configuration,
      revision: 1,
      named: false,
      isAdmin: false,
      hosts: ['web.acme.dev'],
    };
  }

  it('is created', async () => {
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        return deployerOver(commands).create(await draft('application-created', round), log.context('create'));
      },
      resumption,
      async check(_round, died) {
        const isThere = died !== 0;
        expect(await log.held('application')).toEqual(isThere ? ['web'] : []);
        expect(await namespaces()).toHaveLength(isThere ? 1 : 0);
        expect(await hosts()).toHaveLength(isThere ? 1 : 0);
        expect(await statusOf()).toBe(isThere ? 'active' : 'absent');
      },
    });
    expect(appends).toBe(4); // catalog, namespaces, hosts, application
  });

  it('is not created when its namespace is taken', async () => {
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
        await done(log.commands.run(namespacesDecider, namespacesStream(cluster.uid), claim, log.context('theirs')));
        return deployerOver(commands).create(wanted, log.context('create'));
      },
      resumption,
      async check(_round, died) {
        expect(await log.held('application')).toEqual([]);
        expect(await namespaces()).toEqual([]);
        expect(await statusOf()).toBe(died === 0 ? 'absent' : 'deleted');
      },
    });
    expect(appends).toBe(3); // catalog, end of the application, release
  });

  it('releases its namespace when its own stream rejects the creation', async () => {
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        const wanted = await draft('application-late', round);
        const refused: CommandContext & { ifMatch: number } = { ...log.context('create'), ifMatch: 7 };
        return deployerOver(commands).create(wanted, refused as never);
      },
      resumption,
      async check(_round, died) {
        // the next process does not know the expected revision
        const isThere = died !== undefined && died >= 1 && died <= 3;
        expect(await log.held('application')).toEqual(isThere ? ['web'] : []);
        expect(await namespaces()).toHaveLength(isThere ? 1 : 0);
        expect(await hosts()).toHaveLength(isThere ? 1 : 0);
        expect(await statusOf()).toBe(isThere ? 'active' : died === 0 ? 'absent' : 'deleted');
      },
    });
    expect(appends).toBe(7); // catalog, namespaces, hosts, end of the application, namespaces, hosts, release
  });

  it('is deleted, with all that it held', async () => {
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        const { applicationId, configuration, ...place } = await draft('application-deleted', round);
        await done(
          deployerOver(log.commands).create({ applicationId, configuration, ...place }, log.context('create')),
        );
        const stream = applicationStream(applicationId);
        const protection = { isAdmin: true, profiles: new Map<string, boolean>(), neighbors: [] };
        const ask = { type: 'delete', orphan: false, attemptId: 'last', running: [], protection } as const;
        await done(log.commands.run(applicationDecider, stream, ask, log.context('delete')));
        const outcome = {
          outcome: 'succeeded',
          message: 'gone',
          inventory: [],
          endpoint: null,
          replicas: null,
        } as const;
        const end = { type: 'end-attempt', attemptId: 'last', outcome } as const;
        const ended = await commands.run(applicationDecider, stream, end, log.context('end'));
        if (ended.ok) return new NameRelease(commands).release(log.org, applicationId, 'web', log.context('end'));
        return ended;
      },
      resumption,
      async check(_round, died) {
        const isThere = died === 0;
        expect(await statusOf()).toBe(isThere ? 'deleting' : 'deleted');
        expect(await log.held('application')).toEqual(isThere ? ['web'] : []);
        expect(await namespaces()).toHaveLength(isThere ? 1 : 0);
        expect(await hosts()).toHaveLength(isThere ? 1 : 0);
      },
    });
    expect(appends).toBe(4); // application, namespaces, hosts, release
  });

  it('releases a namespace that it claimed before it was configured in another one', async () => {
    const first = await draft('application-elsewhere', 0);
    const died = deployerOver(log.dyingAt('application')).create(first, log.context('create'));
    await expect(died).rejects.toThrow('died');
    const second = { ...first, named: true, configuration: { ...first.configuration, targetNamespace: 'elsewhere' } };
    await done(deployerOver(log.commands).create(second, log.context('again')));
    await log.resumedBy(resumption(log.commands));
    expect((await namespaces()).map(([name]) => name)).toEqual(['elsewhere']);
    expect(await statusOf()).toBe('active');
  });

  it('does not change when the log is replayed from the beginning', async () => {
    const before = (await embedded.events()).length;
    await log.resumedBy(resumption(log.commands));
    await log.resumedBy(new ProfileChangesReactor(new ProfileChanges(log.commands)));
    await log.resumedBy(new ClusterChangesReactor(new ClusterChanges(log.commands)));
    expect(await embedded.events()).toHaveLength(before);
  });
});
