import type { INestApplicationContext } from '@nestjs/common';
import { ClusterConnections } from './cluster/connections.worker.ts';
import { ObserverWorker } from './observer/observer.worker.ts';
import { DEFAULT_SLOTS, RolloutWorker, type WorkerIdentity } from './rollout/rollout.worker.ts';

/** Options of a deploy worker. */
export interface DeployWorkerOptions extends WorkerIdentity {
  /**
   * Rollouts that call their clusters concurrently, shared fairly between organizations. Defaults to 32. Rollouts that
   * wait for pods or an unavailable cluster do not count.
   */
  readonly slots?: number;
}

/**
 * Starts to process rollouts and to observe clusters. Requires a connected bus and served handlers.
 * @returns a function that stops both: attempts in progress are left at their present step for the next worker, and
 *   connections are closed
 */
export async function startDeployWorker(
  app: INestApplicationContext,
  { slots = DEFAULT_SLOTS, ...identity }: DeployWorkerOptions,
): Promise<() => Promise<void>> {
  const rollouts = app.get(RolloutWorker);
  const observer = app.get(ObserverWorker);
  const connections = app.get(ClusterConnections);
  await rollouts.start(identity, slots);
  observer.start(`${identity.name}/${identity.incarnation}`);
  return async () => {
    await Promise.all([rollouts.stop(), observer.stop()]);
    connections.close();
  };
}
