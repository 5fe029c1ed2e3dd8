import type { JsonObject } from '#kernel';
import type { WriteApi } from './api/write-api.ts';
import { makeNode } from './controllers/nodes.ts';

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
  allowVolumeExpansion: true,
};

/** Creates the objects that every cluster has. Existing objects are not changed. */
export function seed(api: WriteApi): void {
  // Has no effect if the object exists.
  const make = (object: JsonObject) => void api.create(object, 'sandbox');
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease'])
    make({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const name of ['cluster-admin', 'admin', 'edit', 'view']) make(roleOf(name));
  make(storage);
  const made = api.store.get({ resource: 'storageclasses.storage.k8s.io', namespace: '', name: 'sandbox' });
  if (made && made['allowVolumeExpansion'] === undefined)
    // Of an earlier release, whose class did not allow expansion explicitly.
    api.update({ ...made, allowVolumeExpansion: true }, 'sandbox');
  makeNode(api, 0);
}
