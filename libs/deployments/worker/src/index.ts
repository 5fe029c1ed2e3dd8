import {
  claimAttemptRequest,
  deployedObjectsRequest,
  extendClaimRequest,
  finishAttemptRequest,
  getRecordRequest,
  observedClustersRequest,
  putRecordRequest,
  reportClusterRequest,
  reportHealthRequest,
  reportStepRequest,
} from '#deployments/contract';
import type { WorkerService } from '#runtime';
import { SERVICE_ACCOUNT_ROOT } from './cluster/service-account.ts';
import { DeployWorkerModule } from './deploy-worker.module.ts';
import { startDeployWorker } from './start.worker.ts';

/** Rolls out applications and observes clusters, ready to be composed into a process. */
export const deployWorker: WorkerService = {
  name: 'deploy-worker',
  module: DeployWorkerModule,
  engines: ['queue'],
  calls: [
    claimAttemptRequest,
    deployedObjectsRequest,
    extendClaimRequest,
    finishAttemptRequest,
    getRecordRequest,
    observedClustersRequest,
    putRecordRequest,
    reportClusterRequest,
    reportHealthRequest,
    reportStepRequest,
  ],
  providers: [{ provide: SERVICE_ACCOUNT_ROOT, useValue: '' }],
  start: startDeployWorker,
};

export { SERVICE_ACCOUNT_ROOT };
