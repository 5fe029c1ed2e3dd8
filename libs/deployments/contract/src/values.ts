/** Statuses of an application. */
export const APPLICATION_STATUSES = [
  'REQUESTED',
  'RENDERING',
  'APPLYING',
  'PROGRESSING',
  'RUNNING',
  'DEGRADED',
  'FAILED',
  'PAUSED',
  'DELETING',
  'UNKNOWN',
] as const;
/**
 * `DEGRADED`: applied but not healthy; `FAILED`: could not be rendered or applied; `UNKNOWN`: the cluster was
 * unreachable for 60 s.
 */
export type ApplicationStatus = (typeof APPLICATION_STATUSES)[number];

/** Health of an application's objects on the cluster. */
export const HEALTHS = [
  'Healthy',
  'Progressing',
  'Suspended',
  'Missing',
  'Degraded',
  'Terminating',
  'Unknown',
] as const;
export type Health = (typeof HEALTHS)[number];

/** Whether the cluster matches what was applied. `Pinned`: a rollback keeps the application at an earlier revision. */
export const SYNCS = ['Synced', 'OutOfSync', 'Pinned', 'Unknown'] as const;
export type Sync = (typeof SYNCS)[number];

/** States of an attempt. */
export const ATTEMPT_STATES = ['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'SUPERSEDED', 'ABANDONED'] as const;
export type AttemptState = (typeof ATTEMPT_STATES)[number];

/** Steps in the event list of an application. */
export const STEPS = [
  'requested',
  'claimed',
  'fetched',
  'rendered',
  'planned',
  'applied',
  'healthy',
  'pruned',
  'succeeded',
  'failed',
  'superseded',
  'abandoned',
  'health-changed',
  'paused',
  'resumed',
  'secrets-changed',
  'source-checked',
  'deleted',
] as const;
export type Step = (typeof STEPS)[number];

/** States of a cluster. */
export const CLUSTER_STATES = ['PENDING', 'READY', 'LIMITED', 'UNREACHABLE', 'UNAUTHORIZED', 'DELETING'] as const;
export type ClusterState = (typeof CLUSTER_STATES)[number];

/** Names of the availability tiers. */
export const TIER_NAMES = ['basic', 'standard', 'premium'] as const;

/** An availability tier: defaults and bounds of its applications. */
export interface Tier {
  readonly name: string;
  readonly replicas: { readonly min: number; readonly max: number };
  /** Target percentages, or null. */
  readonly autoscaling: { readonly cpu: number; readonly memory: number } | null;
  readonly cpu: { readonly request: string; readonly limit: string };
  readonly memory: { readonly request: string; readonly limit: string };
  readonly spread: boolean;
  readonly priority: 'low' | 'high' | 'critical';
}

/** Availability tiers of the platform. */
export const TIERS: readonly Tier[] = [
  {
    name: 'basic',
    replicas: { min: 1, max: 3 },
    autoscaling: null,
    cpu: { request: '100m', limit: '200m' },
    memory: { request: '128Mi', limit: '256Mi' },
    spread: false,
    priority: 'low',
  },
  {
    name: 'standard',
    replicas: { min: 3, max: 3 },
    autoscaling: null,
    cpu: { request: '100m', limit: '200m' },
    memory: { request: '1Gi', limit: '4Gi' },
    spread: false,
    priority: 'high',
  },
  {
    name: 'premium',
    replicas: { min: 3, max: 9 },
    autoscaling: { cpu: 80, memory: 80 },
    cpu: { request: '1', limit: '4' },
    memory: { request: '4Gi', limit: '8Gi' },
    spread: true,
    priority: 'critical',
  },
];
