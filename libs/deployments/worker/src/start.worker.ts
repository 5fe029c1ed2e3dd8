import type { INestApplicationContext } from '@nestjs/common';
import { ClusterConnections } from './cluster/connections.worker.ts';
import { ObserverWorker } from './observer/observer.worker.ts';
import { DEFAULT_SLOTS, RolloutWorker, type WorkerIdentity } from './rollout/rollout.worker.ts';

export interface DeployWorkerOptions extends WorkerIdentity {
  /**
   * Rollouts that call their clusters at once, shared fairly between organizations; 32 when left out. Those that wait, for
   * pods or for a cluster that is away, do not count.
   */
  readonly slots?: number;
}

/**
 * Begins to take rollouts and to observe clusters. Call it when the bus is connected and the handlers are served.
 * @returns ends both: nothing new is begun, what is in hand is left at its present step for the next worker, connections close
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
