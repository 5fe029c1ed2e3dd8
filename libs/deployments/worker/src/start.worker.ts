import type { INestApplicationContext } from '@nestjs/common';
import { ClusterConnections } from './cluster/connections.worker.ts';
import { ObserverWorker } from './observer/observer.worker.ts';
import { RolloutWorker, type WorkerIdentity } from './rollout/rollout.worker.ts';

export interface DeployWorkerOptions extends WorkerIdentity {
  /** Rollouts at once. They mostly wait (for pods, for a cluster that is away), so many fit into one process; 32 when left out. */
  readonly concurrency?: number;
}

/**
 * Begins to take rollouts and to observe clusters. Call it when the bus is connected and the handlers are served.
 * @returns ends both: nothing new is begun, what is in hand is left at its present step for the next worker, connections close
 */
export async function startDeployWorker(
  app: INestApplicationContext,
  { concurrency = 32, ...identity }: DeployWorkerOptions,
): Promise<() => Promise<void>> {
  const rollouts = app.get(RolloutWorker);
  const observer = app.get(ObserverWorker);
  const connections = app.get(ClusterConnections);
  await rollouts.start(identity, concurrency);
  observer.start(`${identity.name}/${identity.incarnation}`);
  return async () => {
    await Promise.all([rollouts.stop(), observer.stop()]);
    connections.close();
  };
}
