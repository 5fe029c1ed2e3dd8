export { DeployWorkerModule } from './deploy-worker.module.ts';
export { startDeployWorker } from './start.worker.ts';
