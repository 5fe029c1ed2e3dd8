import type { Health } from '#deployments/contract';
import { ok, type Result } from '#kernel';
import type { DeploymentsError } from '../deployments.errors.ts';
import type { ApplicationEvent } from './application.events.ts';
import { newestAttemptOf, type Application } from './application.ts';

export interface ReportHealth {
  readonly type: 'report-health';
  readonly health: Health;
  readonly message: string;
  readonly code: string | null;
  readonly replicas: string | null;
  /** The attempt whose objects were seen, where the observer knows it; an older one's are of the past. */
  readonly attemptNumber: number | null;
}

/**
 * Records what the observer saw when it is another health, or another reason, than known. Nothing is recorded of an
 * application that was never deployed, or while it is deleted.
 */
export function reportHealth(
  { health, message, code, replicas, attemptNumber }: ReportHealth,
  application: Application,
): Result<readonly ApplicationEvent[], DeploymentsError> {
  if (application.status !== 'active' || newestAttemptOf(application) === undefined) return ok([]);
  if (
    attemptNumber !== null &&
    attemptNumber < application.attemptCount &&
    newestAttemptOf(application)?.state === 'succeeded'
  )
    return ok([]);
  const known = application.health;
  if (known?.health === health && known.code === code) return ok([]);
  if (known === undefined && health !== 'Healthy' && newestAttemptOf(application)?.state === 'open') return ok([]); // its first rollout tells itself
  return ok([{ type: 'application.health-changed.v1', data: { health, message, code, replicas } }]);
}
