import type { JsonObject } from '#kernel';
import type { WriteApi } from './api/write-api.ts';
import { GIT_VERSION } from './api/discovery.ts';
import { NODE as NODE_NAME } from './controllers/managers.ts';

const CAPACITY = { cpu: '8', memory: '32Gi', pods: '250', 'ephemeral-storage': '100Gi' };

const NODE: JsonObject = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: NODE_NAME,
    labels: {
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': NODE_NAME,
      'topology.kubernetes.io/zone': 'local',
    },
  },
  spec: {},
};

const roleOf = (name: string): JsonObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } },
  rules: [],
});
const storage: JsonObject = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'sandbox', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'sandbox.invalid/none',
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'Immediate',
};

/** What a cluster has before anybody uses it; what is there already stays. */
export function seed(api: WriteApi): void {
  const make = (object: JsonObject) => void api.create(object, 'sandbox'); // there already: nothing to do
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease'])
    make({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const name of ['cluster-admin', 'admin', 'edit', 'view']) make(roleOf(name));
  make(storage);
  make(NODE);
  const node = api.store.get({ resource: 'nodes', namespace: '', name: NODE_NAME });
  if (!node || node.status?.['capacity'] !== undefined) return;
  const now = api.timestamp();
  const ready = api.updateStatus(
    {
      ...node,
      status: {
        addresses: [
          { type: 'InternalIP', address: '127.0.0.1' },
          { type: 'Hostname', address: NODE_NAME },
        ],
        capacity: CAPACITY,
        allocatable: CAPACITY,
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            reason: 'KubeletReady',
            message: 'simulated: objects are real, no container runs',
            lastHeartbeatTime: now,
            lastTransitionTime: now,
          },
        ],
        nodeInfo: {
          kubeletVersion: GIT_VERSION,
          osImage: 'Astro sandbox',
          kernelVersion: 'none',
          containerRuntimeVersion: 'sandbox://none',
          architecture: 'amd64',
          operatingSystem: 'linux',
          machineID: '',
          systemUUID: '',
          bootID: '',
          kubeProxyVersion: '',
        },
      },
    },
    'sandbox',
  );
  if (ready.ok) api.update({ ...ready.value, spec: {} }, 'sandbox'); // a ready node loses its taint
}
