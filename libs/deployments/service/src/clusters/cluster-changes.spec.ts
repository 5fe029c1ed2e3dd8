import type { CommandRunner } from '#event-sourcing';
import { ok } from '#kernel';
import { temporaryFolder } from '#testing';
import { killAtEachAppend, openEmbedded, type Embedded } from '#testing/embedded';
import { done, InterruptedLog } from '../testing/interrupted-log.service.ts';
import { ClusterChangesReactor } from './cluster-changes.reactor.ts';
import { ClusterChanges, type NewCluster } from './cluster-changes.service.ts';
import { clusterNameDecider, clusterNameStream } from './cluster-name.decider.ts';
import { clusterDecider, clusterStream } from './cluster.decider.ts';

let embedded: Embedded;
const folder = temporaryFolder();
beforeAll(async () => void (embedded = await openEmbedded(folder)));
afterAll(() => embedded.close());
const log = new InterruptedLog(() => embedded);

describe('a cluster, when the process is killed before each append', () => {
  const resumption = (commands: CommandRunner) => new ClusterChangesReactor(new ClusterChanges(commands));
  const statusOf = async ({ id }: NewCluster) => (await log.stateOf(clusterDecider, clusterStream(id))).status;
  const ownerOf = async ({ intent }: NewCluster) => log.stateOf(clusterNameDecider, clusterNameStream(intent.uid));

  it('is registered', async () => {
    let cluster: NewCluster;
    const appends = await killAtEachAppend(embedded, {
      attempt(commands, round) {
        log.org = `cluster-registered-${round}`;
        cluster = log.cluster();
        return new ClusterChanges(commands).register(log.org, cluster, log.context('register'));
      },
      resumption,
      async check(_round, died) {
        const isThere = died !== 0;
        expect(await log.held('cluster')).toEqual(isThere ? ['dev'] : []);
        expect((await ownerOf(cluster)).clusters).toEqual(isThere ? [cluster.id] : []);
        expect(await statusOf(cluster)).toBe(isThere ? 'active' : 'absent');
      },
    });
    expect(appends).toBe(3); // catalog, physical cluster, cluster
  });

  it('is not registered when the physical cluster belongs to another organization', async () => {
    let cluster: NewCluster;
    const appends = await killAtEachAppend(embedded, {
      async attempt(commands, round) {
        const { cluster: theirs } = await log.organization('cluster-theirs', round);
        log.org = `cluster-refused-${round}`;
        cluster = { ...log.cluster(), intent: theirs.intent };
        return new ClusterChanges(commands).register(log.org, cluster, log.context('register'));
      },
      resumption,
      async check(_round, died) {
        expect(await log.held('cluster')).toEqual([]);
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
        ({ cluster } = await log.organization('cluster-removed', round));
        const nothing = () => Promise.resolve(ok(undefined));
        return new ClusterChanges(commands).delete(log.org, cluster, log.context('remove'), nothing);
      },
      resumption,
      async check(_round, died) {
        const isThere = died === 0;
        expect(await log.held('cluster')).toEqual(isThere ? ['dev'] : []);
        expect((await ownerOf(cluster)).clusters).toEqual(isThere ? [cluster.id] : []);
        expect(await statusOf(cluster)).toBe(isThere ? 'active' : 'deleted');
      },
    });
    expect(appends).toBe(4); // catalog, physical cluster, cluster, release
  });

  describe('whose registration was interrupted before it was recorded', () => {
    const nothing = () => Promise.resolve(ok(undefined));

    it('releases its physical cluster when it is removed', async () => {
      log.org = 'cluster-cut';
      const cluster = log.cluster();
      await expect(
        new ClusterChanges(log.dyingAt('cluster')).register(log.org, cluster, log.context('register')),
      ).rejects.toThrow();
      await done(new ClusterChanges(log.commands).delete(log.org, cluster, log.context('remove'), nothing));
      await log.resumedBy(resumption(log.commands));
      expect((await ownerOf(cluster)).clusters).toEqual([]);
      expect(await log.held('cluster')).toEqual([]);
    });

    it('releases its physical cluster when the name is registered with another one', async () => {
      log.org = 'cluster-elsewhere';
      const first = log.cluster();
      const second = { ...first, intent: { ...first.intent, uid: `${log.org} uid 2` } };
      await expect(
        new ClusterChanges(log.dyingAt('cluster')).register(log.org, first, log.context('register')),
      ).rejects.toThrow();
      await done(new ClusterChanges(log.commands).register(log.org, second, log.context('again')));
      await log.resumedBy(resumption(log.commands));
      expect((await ownerOf(first)).clusters).toEqual([]);
      expect((await ownerOf(second)).clusters).toEqual([second.id]);
      expect(await statusOf(second)).toBe('active');
    });
  });
});
