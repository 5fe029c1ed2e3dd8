import { newestAttemptOf, type Application } from '../applications/application.ts';

/**
 * Returns whether the deletion of an application must be requested. One that is in progress is retried by itself, and
 * another request would end its back-off; it is requested again only to keep objects that it would have deleted.
 *
 * @param orphan whether the objects stay on the cluster
 */
export function needsRequest(application: Application, orphan: boolean): boolean {
  if (application.status !== 'deleting') return true;
  const newest = newestAttemptOf(application);
  return orphan && newest?.kind === 'delete' && newest.orphan !== true;
}
