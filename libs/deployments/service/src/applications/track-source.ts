import { ok, type Result } from '#kernel';
import type { Configuration } from '../catalog/beginnings.ts';
import type { DeploymentsError } from '../deployments.errors.ts';
import type { ApplicationEvent, SourceProblem } from './application.events.ts';
import { isPinned, latestOf, newestAttemptOf, type Application, type Revision } from './application.ts';
import { revisionOf } from './configure.ts';

/** Command that records what the source of an application with `syncPolicy.auto` is at present. */
export interface TrackSource {
  readonly type: 'track-source';
  /** The revision whose source was looked up. */
  readonly revision: number;
  readonly attemptId: string;
  readonly found:
    | { readonly type: 'same' }
    /** `configuration` differs from the revision in its source only. Its message says what changed. */
    | { readonly type: 'changed'; readonly configuration: Configuration }
    | { readonly type: 'failed'; readonly problem: SourceProblem };
}

/**
 * Returns the latest revision if changes of its source are deployed now: not while the application is paused, pinned, or
 * being deployed.
 */
export const trackedRevision = (application: Application): Revision | undefined =>
  isBeingDeployed(application) ? undefined : followingRevision(application);

/** Returns whether changes of the source are deployed when the present rollout has ended. */
export const waitsForRollout = (application: Application): boolean =>
  isBeingDeployed(application) && followingRevision(application) !== undefined;

const isBeingDeployed = (application: Application): boolean => newestAttemptOf(application)?.state === 'open';

function followingRevision(application: Application): Revision | undefined {
  const latest = latestOf(application);
  const { status, paused } = application;
  return status === 'active' && !paused && !isPinned(application) && latest?.syncPolicy?.auto === true
    ? latest
    : undefined;
}

/**
 * Records a changed source as a new revision, and requests its deployment. A source is compared with that of the latest
 * revision even if that revision failed, so that each commit is tried once. A source that cannot be looked up is
 * recorded once per problem.
 */
export function trackSource(
  { revision, attemptId, found }: TrackSource,
  application: Application,
): Result<readonly ApplicationEvent[], DeploymentsError> {
  const latest = trackedRevision(application);
  if (latest?.revision !== revision) return ok([]);
  const { sourceProblem } = application;
  switch (found.type) {
    case 'failed':
      return ok(
        sourceProblem?.code === found.problem.code
          ? []
          : [{ type: 'application.source-check-failed.v1', data: found.problem }],
      );
    case 'same':
      return ok(sourceProblem ? [{ type: 'application.source-check-recovered.v1', data: {} }] : []);
    case 'changed': {
      const next = { configuration: found.configuration, revision: revision + 1, attemptId, running: [] };
      return ok(revisionOf(next, application, 'auto'));
    }
  }
}
