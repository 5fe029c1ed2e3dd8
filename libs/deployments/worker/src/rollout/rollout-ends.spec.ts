import type { RolloutTask } from '#deployments/contract';
import { parseEgressPolicy } from '#egress';
import { silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import type { Delivery, WorkQueue } from '#work-queue';
import { ClusterConnections } from '../cluster/connections.worker.ts';
import { ScriptedDeployments } from '../testing/scripted-deployments.worker.ts';
import { noSources } from '../testing/workshop.worker.ts';
import { ManifestRenderer } from './renderer.worker.ts';
import { RolloutWorker } from './rollout.worker.ts';

const none = () => Promise.reject(new Error('not used here'));
const queue: WorkQueue = { enqueue: none, work: none, deadLetters: none, depth: none, ping: none, close: none };

describe('use-D11: an attempt that ends with an unexpected error', () => {
  it('is retried twice, then fails with the kind of the error, without its message', async () => {
    const deployments = new ScriptedDeployments(systemClock);
    deployments.leaseMs = 1;
    const records = { get: () => Promise.reject(new TypeError('hunter2-canary')), put: none };
    const egress = parseEgressPolicy('');
    if (!egress.ok) throw new Error(egress.error.detail);
    const ports = { records, clock: systemClock, ids: systemIds, logger: silentLogger, egress: egress.value };
    const renderer = new ManifestRenderer(systemClock, silentLogger);
    const connections = new ClusterConnections({ ...ports, serviceAccountRoot: '' });
    const { clock, ids, logger } = ports;
    const worker = new RolloutWorker(deployments, records, queue, clock, ids, logger, connections, renderer, noSources);
    const task: RolloutTask = deployments.newAttempt({
      kind: 'deploy',
      organizationId: 'org-1',
      organizationSlug: 'acme',
      applicationId: 'app-1',
      applicationName: 'web',
      revision: 1,
      cluster: {
        clusterId: 'c1',
        organizationId: 'org-1',
        name: 'dev',
        server: 'https://127.0.0.1:1',
        certificateAuthority: null,
        tlsServerName: null,
        credential: 'credential/c1',
        policy: { namespaces: ['*'], clusterScoped: 'deny', podSecurity: 'baseline' },
        type: 'registered',
      },
      targetNamespace: 'web',
      namespaceMode: 'override',
      ownsNamespace: true,
      resolved: 'resolved/1',
      orphan: false,
    });
    const { organizationId, applicationId, attemptId } = task;
    const delivery: Delivery<{ organizationId: string; applicationId: string; attemptId: string }> = {
      item: { organizationId, applicationId, attemptId },
      attempt: 1,
      extend: () => Promise.resolve(),
      acknowledge: () => Promise.resolve(),
      retry: () => Promise.resolve(),
      bury: () => Promise.resolve(),
    };
    const once = async () => {
      await worker.handle(delivery, { name: 'w', incarnation: '1' });
    };
    await expect(once()).rejects.toThrow(TypeError);
    deployments.attempt(attemptId).leaseUntilMs = 0;
    await expect(once()).rejects.toThrow(TypeError);
    deployments.attempt(attemptId).leaseUntilMs = 0;
    await once();
    const { outcome } = deployments.attempt(attemptId);
    expect(outcome).toMatchObject({
      outcome: 'failed',
      code: 'deployments/attempt-failed',
      message: 'the attempt ended 3 times in the same way: TypeError',
    });
    expect(JSON.stringify(outcome)).not.toContain('hunter2');
    connections.close();
    await renderer.onModuleDestroy();
  });
});
