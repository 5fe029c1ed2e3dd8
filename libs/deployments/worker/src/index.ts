import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  claimAttemptRequest,
  clusterHealthRulesRequest,
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
import { SERVICE_SETTINGS, type ServiceSettings, type WorkerService } from '#runtime';
import { findPrograms } from '#sources';
import { SERVICE_ACCOUNT_ROOT } from './cluster/service-account.ts';
import { DeployWorkerModule } from './deploy-worker.module.ts';
import { programChecks } from './sources/program-check.ts';
import { SOURCE_SETTINGS, type SourceSettings } from './sources/source-library.worker.ts';
import { startDeployWorker } from './start.worker.ts';

/**
 * Programs are unpacked into the data folder when they are first needed. Temporary folders are in that of the system,
 * since a container may write to no other folder.
 */
function sourceSettings({ configuration, dataFolder }: ServiceSettings): SourceSettings {
  let found: ReturnType<typeof findPrograms> | undefined;
  const { programs: settings, searchPath: path } = configuration;
  return {
    programs: () =>
      (found ??= findPrograms({ settings, cacheFolder: join(dataFolder, 'programs'), path }).catch((error: unknown) => {
        found = undefined; // the disk may have been full
        throw error;
      })),
    folder: tmpdir(),
  };
}

/** Rolls out applications and observes clusters, ready to be composed into a process. */
export const deployWorker: WorkerService = {
  name: 'deploy-worker',
  module: DeployWorkerModule,
  engines: ['queue'],
  calls: [
    claimAttemptRequest,
    clusterHealthRulesRequest,
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
  providers: [
    { provide: SERVICE_ACCOUNT_ROOT, useValue: '' },
    { provide: SOURCE_SETTINGS, inject: [SERVICE_SETTINGS], useFactory: sourceSettings },
  ],
  checks: async (app) => {
    const { programs } = app.get<SourceSettings>(SOURCE_SETTINGS, { strict: false });
    return programChecks(await programs().catch(() => undefined));
  },
  start: startDeployWorker,
};

export { SERVICE_ACCOUNT_ROOT };
