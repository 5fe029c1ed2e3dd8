import type { ApplicationEvent } from './application.events.ts';
import type { Application } from './application.ts';

/**
 * A newer request ends older attempts that nobody works on, at once; those in a worker's hands are told at its next
 * question and end themselves.
 * @param running attempts that a worker holds, as their own streams say
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
