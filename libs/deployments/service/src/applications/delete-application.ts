import { err, ok, type Result } from '#kernel';
import type { DeploymentsError } from '../deployments.errors.ts';
import type { ApplicationEvent } from './application.events.ts';
import { latestOf, newestAttemptOf, type Application } from './application.ts';
import { refusedChange, type Protection } from './protection.ts';
import { supersedeQueued } from './supersede.ts';

/** Command that requests the deletion of an application. */
export interface DeleteApplication {
  readonly type: 'delete';
  /** Whether to leave the objects on the cluster. */
  readonly orphan: boolean;
  /** Whether no hooks run, not even those of a deletion in progress. */
  readonly noHooks?: boolean;
  readonly attemptId: string;
  readonly running: readonly string[];
  readonly protection: Protection;
}

/** Ends an application that has only a name, so none of its objects can be on a cluster. */
export interface Discard {
  readonly type: 'discard';
}

/** Requests the deletion of an application. Records nothing if the deletion is already in progress. */
export function deleteApplication(
  { orphan, noHooks, attemptId, running, protection }: DeleteApplication,
  application: Application,
): Result<readonly ApplicationEvent[], DeploymentsError> {
  const latest = latestOf(application);
  if (application.status === 'deleted') return ok([]);
  if (latest === undefined) return discard(application);
  const change = { action: 'delete', application: latest.name, present: latest, next: undefined } as const;
  const refused = refusedChange(change, protection);
  if (refused) return err(refused);
  const newest = newestAttemptOf(application);
  const isOnItsWay = newest?.kind === 'delete' && newest.state === 'open';
  const keepsObjects = orphan && newest?.orphan !== true;
  const endsHooks = noHooks === true && newest?.noHooks !== true;
  if (isOnItsWay && !endsHooks && !keepsObjects && (!newest.delayed || running.includes(newest.id))) return ok([]); // a delayed retry starts now
  const asked: ApplicationEvent[] =
    application.status === 'deleting' ? [] : [{ type: 'application.deletion-requested.v1', data: { orphan } }];
  return ok([
    ...asked,
    ...supersedeQueued(application, running, latest.revision),
    {
      type: 'deployment.requested.v1',
      data: {
        attemptId,
        number: application.attemptCount + 1,
        revision: latest.revision,
        kind: 'delete',
        orphan,
        ...(noHooks && { noHooks }),
        cause: 'delete',
      },
    },
  ]);
}

/** Ends an application that has only a name. The event also prevents an interrupted creation from continuing. */
export const discard = (application: Application): Result<readonly ApplicationEvent[], DeploymentsError> =>
  ok(application.status === 'absent' ? [{ type: 'application.deleted.v1', data: {} }] : []);
