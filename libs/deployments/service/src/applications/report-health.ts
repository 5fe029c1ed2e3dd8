import type { Health } from '#deployments/contract';
import { canonicalJson, ok, type Result } from '#kernel';
import type { DeploymentsError } from '../deployments.errors.ts';
import type { ApplicationEvent, Drift } from './application.events.ts';
import { newestAttemptOf, type Application } from './application.ts';

export interface ReportHealth {
  readonly type: 'report-health';
  readonly health: Health;
  readonly message: string;
  readonly code: string | null;
  readonly replicas: string | null;
  /** The attempt whose objects were seen, where the observer knows it; an older one's are of the past. */
  readonly attemptNumber: number | null;
  readonly sync?: 'Synced' | 'OutOfSync';
  readonly drift?: readonly Drift[];
}

/**
 * Records what the observer saw when it is another health, another reason, or another drift than known. Nothing is recorded of
 * an application that was never deployed, or while it is deleted. A failed attempt stands until every object of its revision is
 * there, as applied, and healthy.
 */
export function reportHealth(
  { health, message, code, replicas, attemptNumber, sync, drift }: ReportHealth,
  application: Application,
): Result<readonly ApplicationEvent[], DeploymentsError> {
  const newest = newestAttemptOf(application);
  if (application.status !== 'active' || newest === undefined) return ok([]);
  if (attemptNumber !== null && attemptNumber < application.attemptCount && newest.state === 'succeeded') return ok([]);
  const known = application.health;
  if (known === undefined && health !== 'Healthy' && newest.state === 'open') return ok([]); // its first rollout tells itself
  const isComplete = health === 'Healthy' && sync === 'Synced' && attemptNumber === newest.number;
  if (newest.state === 'failed' && health === 'Healthy' && !isComplete) return ok([]);
  const completes = newest.state === 'failed' && isComplete ? newest.revision : undefined;
  // While objects are written they differ from what is wanted; the attempt tells what becomes of them.
  const seen = newest.state === 'open' ? { sync: known?.sync, drift: known?.drift } : { sync, drift };
  const isKnown =
    known?.health === health &&
    known.code === code &&
    (seen.sync === undefined ||
      (known.sync === seen.sync && canonicalJson(known.drift ?? []) === canonicalJson(seen.drift ?? []))) &&
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
