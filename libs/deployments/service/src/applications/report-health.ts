import type { Health } from '#deployments/contract';
import { canonicalJson, ok, type Result } from '#kernel';
import type { DeploymentsError } from '../deployments.errors.ts';
import type { ApplicationEvent, Drift } from './application.events.ts';
import { newestAttemptOf, type Application } from './application.ts';

/** Command that records an observation of an application. */
export interface ReportHealth {
  readonly type: 'report-health';
  readonly health: Health;
  readonly message: string;
  readonly code: string | null;
  readonly replicas: string | null;
  /** Attempt whose objects were seen, if the observer knows it. Reports of older attempts are ignored. */
  readonly attemptNumber: number | null;
  readonly sync?: 'Synced' | 'OutOfSync';
  readonly drift?: readonly Drift[];
}

/**
 * Records an observation if health, reason or drift changed. Records nothing if the application was never deployed or
 * is being deleted. A failed attempt persists until all objects of its revision exist, match what was applied, and are
 * healthy.
 */
export function reportHealth(
  { health, message, code, replicas, attemptNumber, sync, drift }: ReportHealth,
  application: Application,
): Result<readonly ApplicationEvent[], DeploymentsError> {
  const newest = newestAttemptOf(application);
  if (application.status !== 'active' || newest === undefined) return ok([]);
  if (attemptNumber !== null && attemptNumber < application.attemptCount && newest.state === 'succeeded') return ok([]);
  const known = application.health;
  // the first rollout reports its own progress
  if (known === undefined && health !== 'Healthy' && newest.state === 'open') return ok([]);
  const isComplete = health === 'Healthy' && sync === 'Synced' && attemptNumber === newest.number;
  if (newest.state === 'failed' && health === 'Healthy' && !isComplete) return ok([]);
  const completes = newest.state === 'failed' && isComplete ? newest.revision : undefined;
  // Objects differ from the desired state while they are written; the attempt reports the outcome.
  const seen = newest.state === 'open' ? { sync: known?.sync, drift: known?.drift } : { sync, drift };
  const knownDrift = known?.healingStopped ? known.drift?.slice(1) : known?.drift;
  const isKnown =
    known?.health === health &&
    known.code === code &&
    (seen.sync === undefined ||
      (known.sync === seen.sync && canonicalJson(knownDrift ?? []) === canonicalJson(seen.drift ?? []))) &&
    (completes === undefined || known.completes === completes);
  if (isKnown) return ok([]);
  return ok([
    {
      type: 'application.health-changed.v1',
      data: {
        health,
        message,
        code,
        replicas,
        ...(seen.sync !== undefined && { sync: seen.sync }),
        ...(seen.drift !== undefined && seen.drift.length > 0 && { drift: seen.drift }),
        ...(completes !== undefined && { completes }),
      },
    },
  ]);
}
