import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import { conditionsShown, deployment, podTemplate, testCluster, type TestCluster } from './cluster.fixture.ts';
import { numberAt, textAt } from './fields.ts';
import { isReady } from './pod-state.ts';

const folder = temporaryFolder();
let tests = 0;
let cluster: TestCluster;
beforeEach(() => void (cluster = testCluster(join(folder, String((tests += 1))))));
afterEach(() => cluster.close());

const sets = () =>
  [...cluster.list('replicasets.apps')].sort(
    (left, right) =>
      Number(left.metadata.annotations?.['deployment.kubernetes.io/revision']) -
      Number(right.metadata.annotations?.['deployment.kubernetes.io/revision']),
  );
const sizes = () => sets().map((set) => numberAt(set, 'spec', 'replicas'));
const readyPods = () => cluster.list('pods').filter(isReady).length;

describe('a Deployment', () => {
  it('creates its pods and reports with the messages of Kubernetes', () => {
    cluster.create(deployment('web'));
    cluster.pass(5_000);
    const web = cluster.get('deployments.apps', 'web');
    expect(web.status).toMatchObject({
      replicas: 2,
      updatedReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      observedGeneration: 1,
    });
    expect(web.status?.['unavailableReplicas']).toBeUndefined();
    expect(conditionsShown(web)).toEqual([
      'Available=True MinimumReplicasAvailable',
      'Progressing=True NewReplicaSetAvailable',
    ]);
    const name = sets()[0]?.metadata.name;
    expect(cluster.events('web')).toEqual([`ScalingReplicaSet: Scaled up replica set ${name} from 0 to 2`]);
    expect(web.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
  });

  it('writes nothing when nothing changes', () => {
    cluster.create(deployment('web'));
    cluster.pass(5_000);
    const before = cluster.store.revision;
    cluster.pass(60_000);
    expect(cluster.store.revision).toBe(before);
  });

  it('never has too many or too few pods during a rollout', () => {
    cluster.create(deployment('web', { spec: { replicas: 4 } }));
    cluster.pass(5_000);
    cluster.edit('deployments.apps', 'web', { template: podTemplate('web', { image: 'registry.example/web:2' }) });
    for (let steps = 0; steps < 80; steps += 1) {
      cluster.pass(250);
      expect(
        cluster.list('pods').filter(({ metadata }) => metadata.deletionTimestamp === undefined).length,
      ).toBeLessThanOrEqual(5);
      expect(readyPods()).toBeGreaterThanOrEqual(3);
    }
    expect(sizes()).toEqual([0, 4]);
  });

  it('keeps old pods when the new image cannot be pulled, and fails after its deadline', () => {
    cluster.create(deployment('web', { spec: { progressDeadlineSeconds: 600 } }));
    cluster.pass(5_000);
    cluster.edit('deployments.apps', 'web', {
      template: podTemplate('web', { image: 'sandbox.invalid/app:missing-2' }),
    });
    cluster.pass(599_000);
    expect(conditionsShown(cluster.get('deployments.apps', 'web'))).toContain('Progressing=True ReplicaSetUpdated');
    cluster.pass(10_000);
    const web = cluster.get('deployments.apps', 'web');
    expect(conditionsShown(web)).toEqual([
      'Available=True MinimumReplicasAvailable',
      'Progressing=False ProgressDeadlineExceeded',
    ]);
    expect(textAt(web, 'status', 'conditions', 1, 'message')).toBe(
      `ReplicaSet "${sets()[1]?.metadata.name}" has timed out progressing.`,
    );
    expect(readyPods()).toBe(2);
  });

  it('reuses the old ReplicaSet after a rollback, as a new revision', () => {
    cluster.create(deployment('web'));
    cluster.pass(5_000);
    const first = sets()[0]?.metadata.name;
    cluster.edit('deployments.apps', 'web', { template: podTemplate('web', { image: 'registry.example/web:2' }) });
    cluster.pass(10_000);
    cluster.edit('deployments.apps', 'web', { template: podTemplate('web') });
    cluster.pass(10_000);
    const newest = sets().at(-1);
    expect(newest?.metadata.name).toBe(first);
    expect(newest?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    });
    expect(sizes()).toEqual([0, 2]);
  });

  it('deletes revisions beyond its limit', () => {
    cluster.create(deployment('web', { spec: { revisionHistoryLimit: 1 } }));
    for (const tag of ['2', '3', '4']) {
      cluster.pass(10_000);
      cluster.edit('deployments.apps', 'web', {
        template: podTemplate('web', { image: `registry.example/web:${tag}` }),
      });
    }
    cluster.pass(10_000);
    expect(sets().map((set) => set.metadata.annotations?.['deployment.kubernetes.io/revision'])).toEqual(['3', '4']);
  });

  it('does not roll out while paused, and reports it', () => {
    cluster.create(deployment('web'));
    cluster.pass(5_000);
    cluster.edit('deployments.apps', 'web', {
      paused: true,
      template: podTemplate('web', { image: 'registry.example/web:2' }),
    });
    cluster.pass(10_000);
    expect(sizes()).toEqual([2]);
    expect(conditionsShown(cluster.get('deployments.apps', 'web'))).toContain('Progressing=Unknown DeploymentPaused');
    cluster.edit('deployments.apps', 'web', { paused: false });
    cluster.pass(10_000);
    expect(sizes()).toEqual([0, 2]);
  });

  it('stops every old pod before it creates a new one with Recreate', () => {
    cluster.create(deployment('web', { spec: { strategy: { type: 'Recreate' } } }));
    cluster.pass(5_000);
    cluster.edit('deployments.apps', 'web', { template: podTemplate('web', { image: 'registry.example/web:2' }) });
    for (let steps = 0; steps < 40; steps += 1) {
      cluster.pass(250);
      const images = new Set(cluster.list('pods').map((pod) => textAt(pod, 'spec', 'containers', 0, 'image')));
      expect(images.size).toBeLessThanOrEqual(1);
    }
    expect(sizes()).toEqual([0, 2]);
  });

  it('distributes a new size over both ReplicaSets during a rollout', () => {
    cluster.create(deployment('web', { spec: { replicas: 4 } }));
    cluster.pass(5_000);
    cluster.edit('deployments.apps', 'web', { template: podTemplate('web', { image: 'sandbox.invalid/app:unready' }) });
    cluster.pass(5_000);
    expect(sizes()).toEqual([3, 2]);
    cluster.edit('deployments.apps', 'web', { replicas: 8 });
    cluster.pass(5_000);
    expect(sizes().reduce((sum: number, size) => sum + (size ?? 0), 0)).toBe(10);
    expect(readyPods()).toBeGreaterThanOrEqual(6);
  });

  it('adopts a ReplicaSet that was orphaned', () => {
    cluster.create(deployment('web'));
    cluster.pass(5_000);
    const set = sets()[0];
    cluster.delete('deployments.apps', 'web', { propagation: 'Orphan' });
    cluster.pass(2_000);
    expect(sets()[0]?.metadata.ownerReferences).toBeUndefined();
    expect(readyPods()).toBe(2);
    const again = cluster.create(deployment('web'));
    cluster.pass(2_000);
    expect(sets()).toHaveLength(1);
    expect(sets()[0]?.metadata).toMatchObject({
      uid: set?.metadata.uid,
      ownerReferences: [{ uid: again.metadata.uid, controller: true }],
    });
  });

  it('converges after an interruption at any time', async () => {
    cluster.create(deployment('web', { spec: { replicas: 3 } }));
    for (const image of ['registry.example/web:2', 'registry.example/web:3']) {
      for (let steps = 0; steps < 6; steps += 1) {
        await cluster.reopen();
        cluster.pass(700);
      }
      cluster.edit('deployments.apps', 'web', { template: podTemplate('web', { image }) });
    }
    for (let steps = 0; steps < 6; steps += 1) {
      cluster.pass(300);
      await cluster.reopen();
    }
    cluster.pass(20_000);
    expect(sizes()).toEqual([0, 0, 3]);
    expect(cluster.list('pods')).toHaveLength(3);
    expect(cluster.get('deployments.apps', 'web').status).toMatchObject({
      replicas: 3,
      updatedReplicas: 3,
      availableReplicas: 3,
    });
    for (const pod of cluster.list('pods'))
      expect(pod.metadata.ownerReferences?.[0]?.uid).toBe(sets().at(-1)?.metadata.uid);
  });
});
