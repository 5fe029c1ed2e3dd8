import { EGRESS, type EgressPolicy } from '#egress';
import { CLOCK, IDS, LOGGER, type Clock, type Ids, type Logger } from '#kernel';
import { Module, type DynamicModule } from '@nestjs/common';
import { AccessHandlers } from './access/access.handlers.ts';
import { ClusterMetrics } from './cluster/cluster-metrics.worker.ts';
import { ClusterConnections } from './cluster/connections.worker.ts';
import { SERVICE_ACCOUNT_ROOT } from './cluster/service-account.ts';
import { RequestedRecords, WORKER_RECORDS, type WorkerRecords } from './cluster/records.worker.ts';
import { DifferencesHandlers } from './live/differences.handlers.ts';
import { EventsHandlers } from './live/events.handlers.ts';
import { RESOLVE_HOST, hostResolver } from './live/external-access.worker.ts';
import { LogsHandlers } from './live/logs.handlers.ts';
import { PreviewHandlers } from './live/preview.handlers.ts';
import { ProbeHandlers } from './live/probe.handlers.ts';
import { ResourcesHandlers } from './live/resources.handlers.ts';
import { StatusHandlers } from './live/status.handlers.ts';
import { TopHandlers } from './live/top.handlers.ts';
import { ObserverWorker } from './observer/observer.worker.ts';
import { ManifestRenderer } from './rollout/renderer.worker.ts';
import { RolloutMetrics } from './rollout/rollout-metrics.worker.ts';
import { PinHandlers } from './sources/pin.handlers.ts';
import { sourceLibrary, SOURCE_LIBRARY } from './sources/source-library.worker.ts';
import { Sources } from './sources/sources.worker.ts';
import { ROLLOUT_TIMES, RolloutWorker } from './rollout/rollout.worker.ts';
import { DEFAULT_TIMES, type RolloutTimes } from './rollout/run.worker.ts';

/**
 * The deploy worker: rollouts, observers, and requests about live clusters. Requires the tokens BUS, WORK_QUEUE, CLOCK,
 * IDS, LOGGER, EGRESS, SERVICE_ACCOUNT_ROOT, and SOURCE_SETTINGS from a global module of the application.
 */
@Module({
  controllers: [
    ProbeHandlers,
    StatusHandlers,
    ResourcesHandlers,
    TopHandlers,
    DifferencesHandlers,
    PreviewHandlers,
    EventsHandlers,
    LogsHandlers,
    AccessHandlers,
    PinHandlers,
  ],
  providers: [
    {
      provide: ClusterConnections,
      inject: [WORKER_RECORDS, CLOCK, IDS, LOGGER, EGRESS, SERVICE_ACCOUNT_ROOT],
      useFactory: (
        records: WorkerRecords,
        clock: Clock,
        ids: Ids,
        logger: Logger,
        egress: EgressPolicy,
        serviceAccountRoot: string,
      ) => new ClusterConnections({ records, clock, ids, logger, egress, serviceAccountRoot }),
    },
    { provide: WORKER_RECORDS, useClass: RequestedRecords },
    { provide: ROLLOUT_TIMES, useValue: DEFAULT_TIMES },
    { provide: RESOLVE_HOST, inject: [CLOCK], useFactory: (clock: Clock) => hostResolver(clock) },
    { provide: SOURCE_LIBRARY, useValue: sourceLibrary },
    ManifestRenderer,
    Sources,
    RolloutMetrics,
    ClusterMetrics,
    RolloutWorker,
    ObserverWorker,
  ],
})
export class DeployWorkerModule {
  /** Returns the module with other timeouts. */
  static withTimes(times: Partial<RolloutTimes>): DynamicModule {
    return {
      module: DeployWorkerModule,
      providers: [{ provide: ROLLOUT_TIMES, useValue: { ...DEFAULT_TIMES, ...times } }],
    };
  }
}
