import type { ApplicationStatus, AttemptState, Health } from '#deployments/contract';
import type { EventFamily } from '#kernel';
import { attemptEvents, type AttemptEvent } from '../attempts/attempt.events.ts';
import type { Configuration } from '../catalog/beginnings.ts';
import { catalogEvents, type CatalogEvent } from '../catalog/catalog.events.ts';
import { applicationEvents, type ApplicationEvent, type Drift } from './application.events.ts';

export type DeploymentFact = CatalogEvent | ApplicationEvent | AttemptEvent;

export const deploymentFamily: EventFamily<DeploymentFact> = {
  categories: [...catalogEvents.categories, ...applicationEvents.categories, ...attemptEvents.categories],
  types: { ...catalogEvents.types, ...applicationEvents.types, ...attemptEvents.types },
};

/** One application as views need it: kept forever, since history stays readable. */
export interface ApplicationDocument {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  /** `<organization id>/<name>`, to be found by. */
  readonly key: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly deleted: boolean;
  readonly profileId: string;
  readonly clusterId: string;
  readonly configuration: Omit<Configuration, 'summary' | 'changes'> | null;
  readonly revision: number;
  readonly configuredAt: string;
  readonly status: ApplicationStatus;
  readonly health: Health;
  readonly message: string | null;
  readonly code: string | null;
  /** What to do about `code`, where the failed attempt knew. */
  readonly fix: string | null;
  readonly replicas: string | null;
  readonly endpoint: string | null;
  /** What the observer says of the cluster against what was applied; `drift` names what differs. */
  readonly sync: 'Synced' | 'OutOfSync';
  readonly drift: readonly Drift[];
  readonly paused: boolean;
  /** The latest revision came by a rollback and is not held by it any more. */
  readonly unpinned: boolean;
  /** Number of the attempt that ended last with objects on the cluster; null before. */
  readonly deployedBy: number | null;
  /** The revision that was rolled out last, and so serves. */
  readonly servingRevision: number | null;
  readonly attempt: {
    readonly id: string;
    readonly number: number;
    readonly state: AttemptState;
    readonly kind: 'deploy' | 'delete';
    readonly requestId: string;
  } | null;
  /** Ids of attempts without a terminal event. */
  readonly open: readonly string[];
  readonly hasOpen: boolean;
  /** What the application's stream is to begin with, until it has begun. */
  readonly intent: Configuration | null;
  readonly unfinished: boolean;
}
