import { ok, type Result } from '#kernel';
import type { DeploymentsError } from '../deployments.errors.ts';
import type { ApplicationEvent } from './application.events.ts';
import { isPinned, latestOf, newestAttemptOf, type Application } from './application.ts';

/** Command that reverts what others changed on the cluster. */
export interface SelfHeal {
  readonly type: 'self-heal';
  readonly attemptId: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** After this many self-heals within this time, somebody else has to decide which of the two changes is right. */
const BRAKE = { times: 3, withinMs: 600_000 };

/**
 * Requests another attempt of the latest revision if the cluster differs from it and its `selfHeal` is set. Others may
 * keep changing the cluster: after some times, it stops until somebody requests a deployment, or until the time has
 * passed and the cluster changes again. Records nothing if the application is paused or pinned, or is being deployed.
 */
export function selfHeal(
  { attemptId, nowMs }: SelfHeal,
  application: Application,
): Result<readonly ApplicationEvent[], DeploymentsError> {
  const { status, paused, health, heals, attemptCount } = application;
  const latest = latestOf(application);
  if (status !== 'active' || paused || latest?.syncPolicy?.selfHeal !== true) return ok([]);
  if (isPinned(application)) return ok([]);
  if (newestAttemptOf(application)?.state !== 'succeeded' || health?.sync !== 'OutOfSync') return ok([]);
  const recent = heals.filter((healedMs) => nowMs - healedMs < BRAKE.withinMs);
  if (recent.length >= BRAKE.times) {
    if (health.healingStopped) return ok([]);
    const what = `selfHeal stopped after ${recent.length} times in ${BRAKE.withinMs / 60_000} minutes, because others keep changing the cluster`;
    const drift = [{ what, fields: [] }, ...(health.drift ?? [])];
    return ok([{ type: 'application.health-changed.v1', data: { ...health, drift, healingStopped: true } }]);
  }
  return ok([
    {
      type: 'deployment.requested.v1',
      data: {
        attemptId,
        number: attemptCount + 1,
        revision: latest.revision,
        kind: 'deploy',
        orphan: false,
        cause: 'self-heal',
        healedAt: new Date(nowMs).toISOString(),
      },
    },
  ]);
}
