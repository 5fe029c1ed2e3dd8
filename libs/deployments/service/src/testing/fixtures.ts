import type { InventoryEntry } from '#deployments/contract';

/** Returns the manifest of an image application. @param more fields of the image @param rest fields of the spec */
export const image = (name: string, tag: string, more: object = {}, rest: object = {}) => ({
  apiVersion: 'platform.astropulse.io/v1',
  kind: 'Application',
  metadata: { name },
  spec: {
    name,
    profileName: 'staging',
    source: { type: 'image', image: { registry: 'images.acme.dev', repository: name, tag, ...more } },
    ...rest,
  },
});

/** Returns the manifest of a profile on the cluster `dev`. */
export const profile = (profileName: string, more: object = {}) => ({ profileName, clusterName: 'dev', ...more });

/** Returns the manifest of a cluster registration. */
export const registration = (clusterName: string, more: object = {}) => ({
  clusterName,
  provider: 'aws',
  region: 'eu-west-1',
  server: 'https://k8s.acme.dev:6443',
  token: 'cluster-token-canary',
  ...more,
});

/** Returns an inventory entry. */
export const entry = (kind: string, name: string, namespace = 'acme-web'): InventoryEntry => ({
  group: kind === 'Deployment' ? 'apps' : '',
  version: 'v1',
  kind,
  namespace,
  name,
  uid: null,
});
