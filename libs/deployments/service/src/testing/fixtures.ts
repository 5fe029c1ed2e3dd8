import type { InventoryEntry } from '#deployments/contract';

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

export const profile = (profileName: string, more: object = {}) => ({ profileName, clusterName: 'dev', ...more });

export const registration = (clusterName: string, more: object = {}) => ({
  clusterName,
  provider: 'aws',
  region: 'eu-west-1',
  server: 'https://k8s.acme.dev:6443',
  token: 'cluster-token-canary',
  ...more,
});

export const entry = (kind: string, name: string, namespace = 'acme-web'): InventoryEntry => ({
  group: kind === 'Deployment' ? 'apps' : '',
  version: 'v1',
  kind,
  namespace,
  name,
  uid: null,
});
