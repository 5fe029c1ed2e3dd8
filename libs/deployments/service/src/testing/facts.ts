import { DEFAULT_POLICY } from '#deployments/contract';
import type { ClusterRegistration, Configuration, ProfileContent } from '../catalog/beginnings.ts';

/** A registration for tests. */
export const aRegistration: ClusterRegistration = {
  name: 'dev',
  type: 'registered',
  provider: 'aws',
  region: 'eu-west-1',
  labels: {},
  server: 'https://k8s.acme.dev:6443',
  tlsServerName: null,
  credential: 'cluster-credential/c1/1',
  certificateAuthority: null,
  fingerprint: 'f1',
  uid: 'u1',
  version: 'v1.36.3',
  nodes: 3,
  missing: [],
  policy: {
    namespaces: [...DEFAULT_POLICY.namespaces],
    clusterScoped: [...DEFAULT_POLICY.clusterScoped],
    podSecurity: 'baseline',
  },
};

/** Content of a profile for tests. */
export const aProfile: ProfileContent = {
  name: 'staging',
  clusterId: 'c1',
  clusterName: 'dev',
  tier: null,
  protected: false,
  description: null,
  record: 'profile/p1/d1',
  digest: 'd1',
  frameDigest: 'f1',
  settings: [],
};

/** Configuration of an application for tests. */
export const aConfiguration: Configuration = {
  name: 'web',
  manifest: { record: 'manifest/o1/m1', digest: 'm1' },
  resolved: { record: 'resolved/o1/a1/1-r1', digest: 'r1' },
  contentDigest: 'x1',
  profile: { id: 'p1', name: 'staging', revision: 1, protected: false },
  tier: 'basic',
  cluster: { id: 'c1', name: 'dev', provider: 'aws', region: 'eu-west-1', uid: 'u1' },
  targetNamespace: 'acme-web',
  namespaceMode: 'override',
  source: { type: 'image', ref: 'images.acme.dev/web:1.4.2' },
  limits: 'cpu 100m/200m, memory 128Mi/256Mi',
  autoscaling: null,
  replicas: 1,
  host: null,
  labels: {},
  description: null,
  summary: [],
  changes: [],
  rollbackOf: null,
  by: 'ada',
};
