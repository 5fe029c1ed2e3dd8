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

/** State of health. `HEALTH_STATES` lists them from worst to best, which is the order of aggregation. */
export type HealthState = (typeof HEALTH_STATES)[number];

export interface Health {
  readonly state: HealthState;
  /** Why it is not Healthy, in one sentence or a few words. If it is, a remark such as `has no address`, or ''. */
  readonly message: string;
  /** The message begins with the name of what it is about, such as a pod of the object. */
  readonly isNamed?: true;
  /** Stable code of a known failure. */
  readonly code?: FailureCode;
  /** What to do, if the failure determines it. */
  readonly fix?: string;
  /** Whether waiting cannot improve the state. */
  readonly final?: boolean;
}

/** Known failures of pods and workloads, as codes of the error reference. */
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
  /** The target of an autoscaler does not exist. */
  | 'deployments/scale-failed'
  /** A failed pod of an earlier revision blocks a StatefulSet. */
  | 'deployments/update-blocked';

export interface ObjectHealth extends Health {
  readonly key: ObjectKey;
}

/** Health of one application on one cluster. */
export interface ApplicationHealth extends Health {
  readonly objects: readonly ObjectHealth[];
  /** Sum over all workloads; `wanted` is the number in their specs. */
  readonly replicas: { readonly wanted: number; readonly ready: number };
}
