import type { ContextService } from '#event-sourcing';
import { applicationsProjection } from './applications/applications.projection.ts';
import { eventLinesProjection } from './applications/events.projection.ts';
import { revisionsProjection } from './applications/revisions.projection.ts';
import { EnqueueReactor } from './attempts/enqueue.reactor.ts';
import { OwedSweep } from './attempts/owed-attempts.sweep.ts';
import { clustersProjection } from './clusters/clusters.projection.ts';
import { SilenceSweep } from './clusters/silence.sweep.ts';
import { DeploymentsModule } from './deployments.module.ts';
import { profilesProjection } from './profiles/profiles.projection.ts';
import { VaultRecordsSweep } from './shared/vault-records.sweep.ts';
import { UnfinishedSweep } from './shared/unfinished.sweep.ts';

/** The whole context, ready to be composed into a process. */
export const deploymentsService: ContextService = {
  name: 'deployments',
  module: DeploymentsModule,
  projections: [
    applicationsProjection,
    revisionsProjection,
    eventLinesProjection,
    profilesProjection,
    clustersProjection,
  ],
  reactors: [EnqueueReactor],
  sweeps: [OwedSweep, UnfinishedSweep, SilenceSweep, VaultRecordsSweep],
};
