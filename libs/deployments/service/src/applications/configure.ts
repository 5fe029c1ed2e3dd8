import { err, ok, type Result } from '#kernel';
import type { Configuration } from '../catalog/beginnings.ts';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';
import type { ApplicationEvent } from './application.events.ts';
import { heldRemovals, latestOf, newestAttemptOf, type Application } from './application.ts';
import { refusedChange, type Protection } from './protection.ts';
import { supersedeQueued } from './supersede.ts';

/** Command that records a revision and requests its deployment. */
export interface Configure {
  readonly type: 'configure';
  readonly configuration: Configuration;
  /** The revision for which the content was resolved. If the application has another one, somebody else was faster. */
  readonly revision: number;
  readonly attemptId: string;
  /** Whether a check of the cluster found a drift. */
  readonly drifted?: boolean;
  /** Whether the attempt fails at the first failure of the rollout. */
  readonly failFast?: boolean;
  /** Whether the attempt may delete most objects of the application. */
  readonly allowRemovals?: boolean;
  /** Ids of this application's attempts that a worker has claimed. */
  readonly running: readonly string[];
  readonly protection: Protection;
  readonly ifMatch?: number;
}

/**
 * Records a new revision and requests its deployment, unless the application is paused. The same content records
 * nothing while it is running or being deployed. If it failed, or the cluster has drifted, the same revision is
 * deployed again.
 */
export function configure(
  command: Configure,
  application: Application,
): Result<readonly ApplicationEvent[], DeploymentsError> {
  const { configuration, revision, ifMatch } = command;
  const { name } = configuration;
  if (application.status === 'deleting') return err(deploymentsErrors.beingDeleted('application', name));
  if (application.status === 'deleted') return err(deploymentsErrors.alreadyDeleted(name));
  const latest = latestOf(application);
  const change = { action: 'deploy', application: name, present: latest, next: configuration } as const;
  const refused = refusedChange(change, command.protection);
  if (refused) return err(refused);
  if (ifMatch !== undefined && ifMatch !== (latest?.revision ?? 0))
    return err(deploymentsErrors.preconditionFailed(latest?.revision ?? 0));
  if (latest && latest.cluster.uid !== configuration.cluster.uid)
    return err(deploymentsErrors.otherTarget(name, latest.cluster.name));
  if (latest && latest.targetNamespace !== configuration.targetNamespace)
    return err(deploymentsErrors.namespaceFixed(name, latest.targetNamespace));

  if (latest && isSame(configuration, application)) {
    const isRepeated = (needsRepair(application) || command.drifted === true) && !application.paused;
    if (!isRepeated) return ok([]);
    const removals = heldRemovals(application);
    if (removals !== undefined && command.allowRemovals !== true)
      return err(deploymentsErrors.removesMost(name, removals, 'app apply -f FILE'));
    return ok(deploymentOf({ ...command, revision: latest.revision }, application));
  }
  const { rollbackOf } = configuration;
  const isPresent =
    rollbackOf !== null &&
    (rollbackOf === latest?.revision ||
      (rollbackOf === latest?.rollbackOf &&
        configuration.contentDigest === latest.contentDigest &&
        !needsRepair(application)));
  if (isPresent) return err(deploymentsErrors.revisionPresent(name, rollbackOf));
  if (revision !== (latest?.revision ?? 0) + 1) return err(deploymentsErrors.staleRevision());
  return ok(revisionOf(command, application));
}

/** A revision to record, and its deployment. */
export interface NewRevision {
  readonly configuration: Configuration;
  readonly revision: number;
  readonly attemptId: string;
  readonly failFast?: boolean;
  readonly allowRemovals?: boolean;
  readonly running: readonly string[];
}

type DeployCause = 'apply' | 'rollback' | 'auto';

/** Records a revision, and requests its deployment unless the application is paused. */
export const revisionOf = (
  command: NewRevision,
  application: Application,
  cause?: DeployCause,
): readonly ApplicationEvent[] => [
  {
    type: 'application.configured.v1',
    data: {
      ...command.configuration,
      revision: command.revision,
      ...(application.paused && command.allowRemovals === true && { allowRemovals: true as const }),
    },
  },
  ...(application.paused ? [] : deploymentOf(command, application, cause)),
];

/** Requests the deployment of a revision, instead of attempts that wait. */
const deploymentOf = (
  { configuration, revision, attemptId, running, failFast, allowRemovals }: NewRevision,
  application: Application,
  cause: DeployCause = configuration.rollbackOf === null ? 'apply' : 'rollback',
): readonly ApplicationEvent[] => [
  ...supersedeQueued(application, running, revision),
  {
    type: 'deployment.requested.v1',
    data: {
      attemptId,
      number: application.attemptCount + 1,
      revision,
      kind: 'deploy',
      orphan: false,
      cause,
      ...(failFast === true && { failFast: true }),
      ...(configuration.message !== undefined && { message: configuration.message }),
      ...(allowRemovals === true && { allowRemovals: true }),
    },
  },
];

/** Returns whether both the manifest and the resolved content are unchanged. A pinned revision counts as changed. */
export function isSame(wanted: Configuration, application: Application): boolean {
  const latest = latestOf(application);
  return (
    latest !== undefined &&
    wanted.rollbackOf === null &&
    (latest.rollbackOf === null || application.unpinned) &&
    wanted.manifest.digest === latest.manifest.digest &&
    wanted.contentDigest === latest.contentDigest &&
    // A revision that failed for an editor may succeed for an admin.
    (wanted.byAdmin !== true || latest.byAdmin === true || newestAttemptOf(application)?.state !== 'failed')
  );
}

/**
 * Returns whether the newest attempt failed, or the observer reports that its objects are broken, missing, or changed.
 */
export function needsRepair(application: Application): boolean {
  const newest = newestAttemptOf(application);
  if (newest?.state === 'open') return false;
  return (
    newest?.state !== 'succeeded' ||
    application.health?.health === 'Degraded' ||
    application.health?.health === 'Missing' ||
    application.health?.sync === 'OutOfSync'
  );
}
