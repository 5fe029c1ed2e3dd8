import type { ApplicationStatus, AttemptState, Health } from '#deployments/contract';
import type { EventFamily } from '#kernel';
import { attemptEvents, type AttemptEvent } from '../attempts/attempt.events.ts';
import type { Configuration } from '../catalog/beginnings.ts';
import { catalogEvents, type CatalogEvent } from '../catalog/catalog.events.ts';
import { applicationEvents, type ApplicationEvent, type Drift } from './application.events.ts';

/** Events from which the read models of applications are built. */
export type DeploymentFact = CatalogEvent | ApplicationEvent | AttemptEvent;

export const deploymentFamily: EventFamily<DeploymentFact> = {
  categories: [...catalogEvents.categories, ...applicationEvents.categories, ...attemptEvents.categories],
  types: { ...catalogEvents.types, ...applicationEvents.types, ...attemptEvents.types },
};

/** Read model of one application. It is kept forever, so that history stays readable. */
export interface ApplicationDocument {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  /** Lookup key: `<organization id>/<name>`. */
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
  /** The problem that the platform waits for, without the number of ready pods. */
  readonly problem: string | null;
  readonly code: string | null;
  /** How to fix the failure `code`; null if unknown. */
  readonly fix: string | null;
  readonly replicas: string | null;
  readonly endpoint: string | null;
  /** Whether the cluster matches what was applied, according to the observer; `drift` lists the differences. */
  readonly sync: 'Synced' | 'OutOfSync';
  readonly drift: readonly Drift[];
  /** Whether changes of the source are deployed. */
  readonly tracked: boolean;
  /** Why the source could not be looked up at last; null if it could. */
  readonly sourceProblem: string | null;
  readonly paused: boolean;
  /** Whether the latest revision is a rollback that no longer pins the application. */
  readonly unpinned: boolean;
  /** Number of the last attempt that ended with objects on the cluster; null if there was none. */
  readonly deployedBy: number | null;
  /** The revision that was rolled out last and serves traffic. */
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
  /** First configuration of the application, until its own stream begins. */
  readonly intent: Configuration | null;
  readonly unfinished: boolean;
}
