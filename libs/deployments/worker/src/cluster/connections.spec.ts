import type { ClusterConnection } from '#deployments/contract';
import { parseEgressPolicy } from '#egress';
import { silentLogger } from '#kernel';
import { systemIds } from '#runtime/system';
import { manualClock } from '#testing';
import { encodeText } from '#vault';
import { ClusterConnections } from './connections.worker.ts';

const cluster: ClusterConnection = {
  clusterId: 'cluster-1',
  organizationId: 'org-1',
  name: 'dev',
  server: 'https://127.0.0.1:1',
  certificateAuthority: null,
  tlsServerName: null,
  credential: 'credential/cluster-1',
  policy: { namespaces: ['*'], clusterScoped: 'deny', podSecurity: 'baseline' },
  type: 'registered',
};

describe('connections to clusters', () => {
  it('forget clusters that are no longer used, also if their credential was rejected', async () => {
    const clock = manualClock();
    const egress = parseEgressPolicy('127.0.0.0/8');
    if (!egress.ok) throw new Error(egress.error.detail);
    const records = {
      get: () => Promise.resolve({ value: encodeText(JSON.stringify({ token: 't' })), version: 1 }),
      put: () => Promise.reject(new Error('not used here')),
    };
    const ports = {
      records,
      clock,
      ids: systemIds,
      logger: silentLogger,
      egress: egress.value,
      serviceAccountRoot: '',
    };
    const connections = new ClusterConnections(ports as never); // records are only read
    const used = () => Object.values(connections.states()).reduce((sum, count) => sum + count, 0);
    await connections.client(cluster);
    await connections.client({ ...cluster, clusterId: 'cluster-2' });
    connections.renew('cluster-1');
    expect(used()).toBe(2);
    clock.advance(2 * 5 * 60_000);
    expect(used()).toBe(0);
    connections.close();
  });
});
