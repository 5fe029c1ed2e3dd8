import { join } from 'node:path';
import { temporaryFolder } from '#testing';
import { conditionsShown, deployment, pod, podTemplate, testCluster } from './cluster.fixture.ts';
import { isReady } from './pod-state.ts';
import { textAt } from './fields.ts';

const folder = temporaryFolder();
const half = { resources: { requests: { cpu: '4' } } };
const nodesUsed = (cluster: ReturnType<typeof testCluster>, label: string) =>
  cluster
    .list('pods')
    .filter(({ metadata }) => metadata.labels?.['app'] === label)
    .map((object) => textAt(object, 'spec', 'nodeName'))
    .sort();

describe('use-L12: nodes', () => {
  it('are added up to the limit when pods do not fit, and are filled in order', () => {
    const cluster = testCluster(join(folder, 'a'), undefined, 3);
    cluster.create(deployment('web', { container: half, spec: { replicas: 5 } }));
    cluster.pass(10_000);
    expect(nodesUsed(cluster, 'web')).toEqual([
      'sandbox-node-0',
      'sandbox-node-0',
      'sandbox-node-1',
      'sandbox-node-1',
      'sandbox-node-2',
    ]);
    cluster.create(pod('one', { container: half }));
    cluster.create(pod('too-many', { container: half }));
    cluster.pass(10_000);
    expect(isReady(cluster.get('pods', 'one'))).toBe(true);
    expect(cluster.events('too-many')[0]).toMatch(/^FailedScheduling: 0\/3 nodes are available: 3 Insufficient cpu\./);
    return cluster.close();
  });

  it('are not added for a pod that fits on no node', () => {
    const cluster = testCluster(join(folder, 'b'), undefined, 3);
    cluster.create(pod('huge', { container: { resources: { requests: { cpu: '9' } } } }));
    cluster.create(pod('picky', { podSpec: { nodeSelector: { disk: 'ssd' } } }));
    cluster.pass(5_000);
    expect(cluster.list('nodes', '')).toHaveLength(1);
    for (const name of ['huge', 'picky'])
      expect(conditionsShown(cluster.get('pods', name))).toEqual(['PodScheduled=False Unschedulable']);
    return cluster.close();
  });

  it('exist after a restart, and each runs a pod of a DaemonSet', async () => {
    const cluster = testCluster(join(folder, 'c'), undefined, 2);
    cluster.create({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'agent', namespace: 'shop' },
      spec: { selector: { matchLabels: { app: 'agent' } }, template: podTemplate('agent') },
    });
    cluster.create(deployment('web', { container: half, spec: { replicas: 3 } }));
    cluster.pass(10_000);
    expect(nodesUsed(cluster, 'agent')).toEqual(['sandbox-node-0', 'sandbox-node-1']);
    await cluster.reopen();
    cluster.pass(2_000);
    expect(cluster.list('nodes', '')).toHaveLength(2);
    expect(cluster.get('daemonsets.apps', 'agent').status).toMatchObject({ numberAvailable: 2 });
    return cluster.close();
  });
});
