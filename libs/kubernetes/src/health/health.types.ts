import type { ObjectKey } from '../objects.ts';

export const HEALTH_STATES = [
  'Degraded',
  'Missing',
  'Unknown',
  'Terminating',
  'Progressing',
  'Suspended',
  'Healthy',
] as const;

/** From worst to best in `HEALTH_STATES`: the order of the roll-up. */
export type HealthState = (typeof HEALTH_STATES)[number];

export interface Health {
  readonly state: HealthState;
  /** One sentence or a few words: why it is not Healthy. '' when it is. */
  readonly message: string;
  /** Stable code of a known failure, for early ends and for people. */
  readonly code?: FailureCode;
  /** What to do, where the failure itself knows it. */
  readonly fix?: string;
  /** The state will not become better by waiting. */
  readonly final?: boolean;
}

/** Known ways for a pod to fail, in the words of our error reference. */
export type FailureCode =
  | 'deployments/image-not-found'
  | 'deployments/image-pull-denied'
  | 'deployments/image-name-invalid'
  | 'deployments/container-crashed'
  | 'deployments/out-of-memory'
  | 'deployments/config-missing'
  | 'deployments/runs-as-root'
  | 'deployments/no-capacity'
  | 'deployments/health-check-failed'
  | 'deployments/quota-limit'
  | 'deployments/pod-security'
  | 'deployments/rollout-stuck'
  | 'deployments/job-failed'
  | 'deployments/volume-not-bound'
  /** An autoscaler does not find what it is to scale. */
  | 'deployments/scale-failed'
  /** A pod that failed before keeps a StatefulSet from replacing its pods. */
  | 'deployments/update-blocked';

export interface ObjectHealth extends Health {
  readonly key: ObjectKey;
}

/** The health of one application on one cluster. */
export interface ApplicationHealth extends Health {
  readonly objects: readonly ObjectHealth[];
  /** Over all workloads; `wanted` is what their specs ask for. */
  readonly replicas: { readonly wanted: number; readonly ready: number };
}
