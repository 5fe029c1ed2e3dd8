import type { KindHealth } from './health-rules.ts';

/** Flux writes `Ready=False` only after a failure, which it keeps retrying. */
const flux = (group: string): KindHealth => ({
  group,
  kind: '*',
  rules: [
    { path: 'spec.suspend', values: [true], health: 'Suspended' },
    { condition: 'Stalled', status: 'True', health: 'Degraded' },
    { condition: 'Ready', status: 'False', reasons: ['DependencyNotReady', 'Progressing'], health: 'Progressing' },
    { condition: 'Ready', status: 'False', health: 'Degraded' },
  ],
});

/** Kinds whose controllers distinguish `False`, which is a failure, from `Unknown`, which is work under way. */
const failsIfNotReady = (group: string): KindHealth => ({
  group,
  kind: '*',
  rules: [{ condition: 'Ready', status: 'False', health: 'Degraded' }],
});

/** Applications of Elastic other than Elasticsearch are red until their first pod is available. */
const elastic = (group: string): KindHealth => ({
  group,
  kind: '*',
  rules: [{ path: 'status.health', values: ['green'], health: 'Healthy' }],
  otherwise: 'Progressing',
});

/** Widely used custom kinds whose state does not follow from a Ready condition alone. */
export const KNOWN_KINDS: readonly KindHealth[] = [
  {
    group: 'argoproj.io',
    kind: 'Rollout',
    rules: [
      { path: 'status.phase', values: ['Healthy'], health: 'Healthy' },
      { path: 'status.phase', values: ['Degraded'], health: 'Degraded' },
      { path: 'status.phase', values: ['Paused'], health: 'Suspended' },
    ],
    otherwise: 'Progressing',
    messagePath: 'status.message',
  },
  {
    group: 'cert-manager.io',
    kind: 'Certificate',
    // The certificate stays valid while it is renewed. Ready is False for a moment before Issuing is set.
    rules: [
      { condition: 'Ready', status: 'True', health: 'Healthy' },
      { condition: 'Issuing', status: 'True', health: 'Progressing' },
      { condition: 'Issuing', status: 'False', reasons: ['Failed', 'Denied', 'InvalidRequest'], health: 'Degraded' },
      { condition: 'Ready', status: 'False', reasons: ['Expired'], health: 'Degraded' },
    ],
    otherwise: 'Progressing',
  },
  failsIfNotReady('cert-manager.io'),
  failsIfNotReady('external-secrets.io'),
  failsIfNotReady('serving.knative.dev'),
  {
    group: 'kafka.strimzi.io',
    kind: '*',
    rules: [
      { condition: 'ReconciliationPaused', status: 'True', health: 'Suspended' },
      { condition: 'NotReady', status: 'True', reasons: ['Creating'], health: 'Progressing' },
      { condition: 'NotReady', status: 'True', health: 'Degraded' },
      { condition: 'Ready', status: 'False', health: 'Degraded' },
      { condition: 'Ready', status: 'True', health: 'Healthy' },
    ],
    otherwise: 'Progressing',
  },
  {
    group: 'postgresql.cnpg.io',
    kind: 'Cluster',
    rules: [
      { path: "metadata.annotations['cnpg.io/reconciliation']", values: ['disabled'], health: 'Suspended' },
      { condition: 'cnpg.io/hibernation', status: 'True', health: 'Suspended' },
      { path: 'status.phase', values: ['Cluster in healthy state'], health: 'Healthy' },
      { path: 'status.phase', values: ['Waiting for user action'], health: 'Suspended' },
      {
        path: 'status.phase',
        values: [
          'Failing over',
          'Unable to create required cluster objects',
          'Cluster cannot proceed to reconciliation due to an unknown plugin being required',
          'Cluster has incomplete or invalid image catalog',
          'Cluster cannot execute instance online upgrade due to missing architecture binary',
          'Cluster is unrecoverable and needs manual intervention',
        ],
        health: 'Degraded',
      },
    ],
    otherwise: 'Progressing',
    messagePath: 'status.phase',
  },
  flux('kustomize.toolkit.fluxcd.io'),
  flux('helm.toolkit.fluxcd.io'),
  flux('source.toolkit.fluxcd.io'),
  {
    group: 'cluster.x-k8s.io',
    kind: '*',
    rules: [
      { path: 'spec.paused', values: [true], health: 'Suspended' },
      { path: 'status.phase', values: ['Failed'], health: 'Degraded' },
    ],
  },
  {
    group: 'monitoring.coreos.com',
    kind: '*',
    rules: [
      { path: 'spec.paused', values: [true], health: 'Suspended' },
      { condition: 'Reconciled', status: 'False', health: 'Degraded' },
    ],
  },
  {
    group: 'elasticsearch.k8s.elastic.co',
    kind: 'Elasticsearch',
    rules: [
      { path: 'status.phase', values: ['Invalid'], health: 'Degraded' },
      { path: 'status.phase', values: ['ApplyingChanges', 'MigratingData'], health: 'Progressing' },
      { path: 'status.health', values: ['red'], health: 'Degraded' },
      // Yellow answers all requests; a cluster of one node is yellow for ever.
      { path: 'status.health', values: ['green', 'yellow'], health: 'Healthy' },
    ],
    otherwise: 'Progressing',
  },
  elastic('kibana.k8s.elastic.co'),
  elastic('apm.k8s.elastic.co'),
  elastic('beat.k8s.elastic.co'),
  elastic('agent.k8s.elastic.co'),
];
