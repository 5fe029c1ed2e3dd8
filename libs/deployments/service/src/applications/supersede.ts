import type { ApplicationEvent } from './application.events.ts';
import type { Application } from './application.ts';

/**
 * Ends older attempts that no worker has claimed. Workers of claimed attempts learn of the newer one from their next
 * request, and end theirs.
 * @param running attempts that a worker has claimed, according to their own streams
 */
export const supersedeQueued = (
  { attempts }: Application,
  running: readonly string[],
  byRevision: number,
): ApplicationEvent[] =>
  attempts
    .filter(({ id, state }) => state === 'open' && !running.includes(id))
    .map(({ id, number, revision }) => ({
      type: 'deployment.superseded.v1',
      data: { attemptId: id, number, revision, byRevision },
    }));
