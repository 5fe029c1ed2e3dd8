import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ClusterConnection, ResolvedSpec, RolloutTask } from '#deployments/contract';
import { parseEgressPolicy } from '#egress';
import { silentLogger } from '#kernel';
import {
  createKubernetesClient,
  readKubeconfig,
  type ImageWorkload,
  type KubernetesClient,
  type ResourceType,
} from '#kubernetes';
import { systemClock, systemIds } from '#runtime/system';
import { auditedWrites, type AuditedWrite } from '#testing';
import { encodeText, type Vault } from '#vault';
import type { Delivery } from '#work-queue';
import { ClusterConnections } from '../cluster/connections.worker.ts';
import { ManifestRenderer } from '../rollout/renderer.worker.ts';
import { RolloutWorker } from '../rollout/rollout.worker.ts';
import { DEFAULT_TIMES, type RolloutTimes } from '../rollout/run.worker.ts';
import { sourceLibrary } from '../sources/source-library.worker.ts';
import { Sources } from '../sources/sources.worker.ts';
import { ScriptedDeployments } from './scripted-deployments.worker.ts';

export const DEPLOYMENT: ResourceType = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  namespaced: true,
  verbs: [],
};
export const CONFIG_MAP: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  resource: 'configmaps',
  namespaced: true,
  verbs: [],
};

/** Opens a worker with a scripted deployments service and a real cluster, for tests with a real Kubernetes. */
export async function openWorkshop(kubeconfig: string, vault: Vault, times: Partial<RolloutTimes> = {}) {
  const read = readKubeconfig(readFileSync(kubeconfig, 'utf8'));
  const egress = parseEgressPolicy('127.0.0.0/8 ::1');
  if (!read.ok || !egress.ok) throw new Error('the kubeconfig of the test cluster cannot be read');
  const { server, ca, credential } = read.value;
  const cluster: ClusterConnection = {
    clusterId: 'cluster-1',
    organizationId: 'org-1',
    name: 'dev',
    server,
    certificateAuthority: ca ?? null,
    tlsServerName: null,
    credential: 'credential/cluster-1',
    policy: { namespaces: ['*', '!kube-*'], clusterScoped: 'deny', podSecurity: 'baseline' },
    type: 'registered',
  };
  const token =
    'token' in credential
      ? { token: credential.token }
      : { certificate: credential.clientCertificate, key: credential.clientKey };
  await vault.put(cluster.credential, encodeText(JSON.stringify(token)));
  const deployments = new ScriptedDeployments(systemClock);
  const connections = new ClusterConnections({
    records: vault,
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
    egress: egress.value,
    serviceAccountRoot: '',
  });
  const client = createKubernetesClient({
    server,
    ...(ca !== undefined && { ca }),
    credential,
    egress: egress.value,
    clock: systemClock,
    ids: systemIds,
    log: silentLogger,
    ratePerSecond: 200,
  });
  const renderer = new ManifestRenderer(systemClock, silentLogger);
  const newWorker = () =>
    new RolloutWorker(
      deployments,
      vault,
      neverQueue,
      systemClock,
      systemIds,
      silentLogger,
      connections,
      renderer,
      noSources,
      {
        ...DEFAULT_TIMES,
        stableMs: 100,
        toleranceScale: 0.05,
        ...times,
      },
    );
  const worker = newWorker();

  return {
    cluster,
    client,
    connections,
    deployments,
    worker,
    newWorker,
    vault,
    egress: egress.value,
    /** Stores a specification and requests its rollout. */
    async request(spec: ResolvedSpec, more: Partial<RolloutTask> = {}): Promise<RolloutTask> {
      const resolved = `resolved/${spec.targetNamespace}/${spec.revision}`;
      await vault.put(resolved, encodeText(JSON.stringify(spec)));
      return deployments.newAttempt(
        {
          kind: 'deploy',
          organizationId: 'org-1',
          organizationSlug: 'acme',
          applicationId: `app-${spec.targetNamespace}`,
          applicationName: spec.applicationName,
          revision: spec.revision,
          cluster,
          targetNamespace: spec.targetNamespace,
          namespaceMode: spec.namespaceMode,
          ownsNamespace: true,
          resolved,
          orphan: false,
        },
        more,
      );
    },
    /** Delivers an attempt to the worker. Returns what the worker did with the item. */
    async deliver(task: RolloutTask, by: RolloutWorker = worker): Promise<string> {
      let ended = 'nothing';
      const delivery: Delivery<{ organizationId: string; applicationId: string; attemptId: string }> = {
        item: { organizationId: task.organizationId, applicationId: task.applicationId, attemptId: task.attemptId },
        attempt: 1,
        extend: () => Promise.resolve(),
        acknowledge: () => Promise.resolve(void (ended = 'acknowledged')),
        retry: () => Promise.resolve(void (ended = 'retried')),
        bury: () => Promise.resolve(void (ended = 'buried')),
      };
      await by.handle(delivery, { name: 'worker-1', incarnation: '1' });
      return ended;
    },
    /** Returns the platform's writes that concern a namespace, in order, without dry runs. */
    writes(namespace: string): readonly AuditedWrite[] {
      return auditedWrites(kubeconfig).filter(
        ({ user, namespace: where, object, dryRun }) =>
          user === 'admin' && (where === namespace || object === `namespaces/${namespace}`) && !dryRun,
      );
    },
    close() {
      connections.close();
      client.close();
    },
  };
}
/** Worker and cluster of a test. */
export type Workshop = Awaited<ReturnType<typeof openWorkshop>>;

/** Sources of a worker whose applications have none outside of the platform. */
export const noSources = new Sources(
  { get: () => Promise.resolve(undefined), put: () => Promise.reject(new Error('nothing is stored')) },
  { networks: [], endpoints: new Set(), never: { has: () => true } },
  systemClock,
  sourceLibrary,
  { programs: () => Promise.resolve({}), folder: '' },
);

const neverQueue = {
  enqueue: () => Promise.reject(new Error('this worker is handed its items')),
  work: () => Promise.reject(new Error('this worker is handed its items')),
  deadLetters: () => Promise.resolve([]),
  depth: () => Promise.resolve(0),
  ping: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** Returns an image application as the service resolves it. */
export function imageSpec(
  namespace: string,
  revision: number,
  image: string,
  more: Partial<ImageWorkload> = {},
): ResolvedSpec {
  const workload: ImageWorkload = {
    name: 'web',
    targetNamespace: namespace,
    image,
    port: 8080,
    ports: [],
    env: [],
    secrets: {},
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '32Mi' } },
    replicas: 2,
    volumes: [],
    configFiles: [{ path: '/etc/web/config.txt', content: 'hello' }],
    runAsUser: 1000,
    labels: {},
    ...more,
  };
  return {
    applicationName: 'web',
    revision,
    profile: { id: 'p', name: 'default', revision: 1 },
    tier: 'basic',
    targetNamespace: namespace,
    namespaceMode: 'override',
    source: { type: 'image', workload },
  };
}

/** Returns an application of inline manifests as the service resolves it. */
export const yamlSpec = (namespace: string, revision: number, manifests: string): ResolvedSpec => ({
  ...imageSpec(namespace, revision, ''),
  source: { type: 'yaml', manifests, labels: {} },
});

/** Returns the name of a namespace that no other run uses. */
export const freshNamespace = (word: string): string => `w-${word}-${randomBytes(4).toString('hex')}`;

/** Deletes a namespace that a test created, without waiting. */
export async function dropNamespace(client: KubernetesClient, name: string): Promise<void> {
  await client.delete(
    { group: '', version: 'v1', kind: 'Namespace', resource: 'namespaces', namespaced: false, verbs: [] },
    { name },
  );
}
