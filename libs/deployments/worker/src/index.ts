export { DeployWorkerModule } from './deploy-worker.module.ts';
export { startDeployWorker, type DeployWorkerOptions } from './start.worker.ts';
export { ROLLOUT_TIMES, type WorkerIdentity } from './rollout/rollout.worker.ts';
export { DEFAULT_TIMES, type RolloutTimes } from './rollout/run.worker.ts';
