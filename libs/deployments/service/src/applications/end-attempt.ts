import { ok, type Result } from '#kernel';
import type { AttemptOutcome } from '../attempts/attempt.events.ts';
import type { Attempt } from '../attempts/attempt.ts';
import type { DeploymentsError } from '../deployments.errors.ts';
import type { ApplicationEvent, AttemptRef } from './application.events.ts';
import { newestAttemptOf, openAttempt, type Application } from './application.ts';

/** Command that ends an attempt with the outcome that its worker reported. */
export interface EndAttempt {
  readonly type: 'end-attempt';
  readonly attemptId: string;
  readonly outcome: AttemptOutcome;
  /** Id of the next attempt. Set if a deletion failed, since it is retried until it succeeds. */
  readonly nextAttemptId?: string;
}

/** Milliseconds until a failed deletion is retried. Doubled with each consecutive failure. */
const RETRY_MS = { first: 60_000, most: 3_600_000 };

/** Command that ends an attempt whose worker is lost. */
export interface AbandonAttempt {
  readonly type: 'abandon-attempt';
  readonly attemptId: string;
  /** Number of claims of this attempt, all of which ended without a report. */
  readonly claims: number;
  readonly nextAttemptId: string;
}

/** After this many consecutive claims without a report, the work itself is assumed to crash its workers. */
export const MAX_CLAIMS = 5;

/** Ends an attempt. Records nothing if it has already ended. */
export function endAttempt(
  { attemptId, outcome, nextAttemptId }: EndAttempt,
  application: Application,
): Result<readonly ApplicationEvent[], DeploymentsError> {
  const attempt = openAttempt(application, attemptId);
  if (!attempt) return ok([]);
  const ref = refOf(attempt);
  switch (outcome.outcome) {
    case 'succeeded': {
      const { message, endpoint, replicas, kept } = outcome;
      const succeeded: ApplicationEvent = {
        type: 'deployment.succeeded.v1',
        data: { ...ref, message, endpoint, replicas, ...(kept && { kept }) },
      };
      return ok(attempt.kind === 'delete' ? [succeeded, { type: 'application.deleted.v1', data: {} }] : [succeeded]);
    }
    case 'failed': {
      const { code, message, fix, applied, serving, adoptable } = outcome;
      const failed: ApplicationEvent = {
        type: 'deployment.failed.v1',
        data: { ...ref, code, message, fix, applied, serving, ...(adoptable && { adoptable }) },
      };
      const isOwed = attempt.kind === 'delete' && newestAttemptOf(application)?.id === attemptId;
      return ok(
        isOwed && nextAttemptId !== undefined ? [failed, deletionAgain(attempt, application, nextAttemptId)] : [failed],
      );
    }
    case 'superseded':
      return ok([
        {
          type: 'deployment.superseded.v1',
          data: { ...ref, byRevision: newestAttemptOf(application)?.revision ?? attempt.revision },
        },
      ]);
  }
}

function deletionAgain(
  { revision, orphan, noHooks }: Attempt,
  application: Application,
  attemptId: string,
): ApplicationEvent {
  const before = application.attempts.filter(({ kind, state }) => kind === 'delete' && state === 'failed').length;
  return {
    type: 'deployment.requested.v1',
    data: {
      attemptId,
      number: application.attemptCount + 1,
      revision,
      kind: 'delete',
      orphan,
      ...(noHooks && { noHooks }),
      cause: 'delete',
      delayMs: Math.min(RETRY_MS.first * 2 ** before, RETRY_MS.most),
    },
  };
}

/**
 * Ends an attempt whose worker is lost, and requests the next one, which continues with the recorded plan, unless a
 * newer attempt was requested.
 */
export function abandonAttempt(
  { attemptId, claims, nextAttemptId }: AbandonAttempt,
  application: Application,
): Result<readonly ApplicationEvent[], DeploymentsError> {
  const attempt = openAttempt(application, attemptId);
  if (!attempt) return ok([]);
  const ref = refOf(attempt);
  if (application.lostClaims + claims >= MAX_CLAIMS) {
    return ok([
      {
        type: 'deployment.failed.v1',
        data: {
          ...ref,
          code: 'worker/lost',
          message: `${MAX_CLAIMS} workers in a row were lost during this deployment`,
          fix: 'check the log of the deploy worker, then apply again',
          applied: true,
          serving: null,
        },
      },
    ]);
  }
  const abandoned: ApplicationEvent = { type: 'deployment.abandoned.v1', data: { ...ref, claims } };
  if (newestAttemptOf(application)?.id !== attemptId) return ok([abandoned]);
  const { revision, kind, orphan, restart, failFast, allowRemovals, noHooks, adopt } = attempt;
  return ok([
    abandoned,
    {
      type: 'deployment.requested.v1',
      data: {
        attemptId: nextAttemptId,
        number: application.attemptCount + 1,
        revision,
        kind,
        orphan,
        cause: 'abandoned',
        ...(restart !== undefined && { restart }),
        ...(failFast && { failFast }),
        ...(allowRemovals && { allowRemovals }),
        ...(noHooks && { noHooks }),
        ...(adopt && { adopt }),
      },
    },
  ]);
}

const refOf = ({ id, number, revision }: Attempt): AttemptRef => ({ attemptId: id, number, revision });
