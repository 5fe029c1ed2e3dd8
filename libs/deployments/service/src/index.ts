import type { ContextService } from '#runtime';
import { applicationDecider } from './applications/application.decider.ts';
import { applicationsProjection } from './applications/applications.projection.ts';
import { eventLinesProjection } from './applications/events.projection.ts';
import { revisionsProjection } from './applications/revisions.projection.ts';
import { attemptDecider } from './attempts/attempt.decider.ts';
import { catalogDecider } from './catalog/catalog.decider.ts';
import { AccessEndsReactor } from './clusters/access-ends.reactor.ts';
import { AccessEndsSweep } from './clusters/access-ends.sweep.ts';
import { accessProjection } from './clusters/access.projection.ts';
import { clusterNameDecider } from './clusters/cluster-name.decider.ts';
import { clusterDecider } from './clusters/cluster.decider.ts';
import { clustersProjection } from './clusters/clusters.projection.ts';
import { namespacesDecider } from './clusters/namespaces.decider.ts';
import { SilenceSweep } from './clusters/silence.sweep.ts';
import { DeploymentsModule } from './deployments.module.ts';
import { profileDecider } from './profiles/profile.decider.ts';
import { profilesProjection } from './profiles/profiles.projection.ts';
import { EnqueueReactor } from './rollouts/enqueue.reactor.ts';
import { OwedSweep } from './rollouts/owed-attempts.sweep.ts';
import { UnfinishedSweep } from './shared/unfinished.sweep.ts';
import { VaultRecordsSweep } from './shared/vault-records.sweep.ts';

/** The whole context, ready to be composed into a process. */
export const deploymentsService: ContextService = {
  name: 'deployments',
  module: DeploymentsModule,
  engines: ['eventStore', 'readStore', 'vault', 'queue'],
  deciders: [
    applicationDecider,
    attemptDecider,
    catalogDecider,
    profileDecider,
    clusterDecider,
    clusterNameDecider,
    namespacesDecider,
  ],
  projections: [
    applicationsProjection,
    revisionsProjection,
    eventLinesProjection,
    profilesProjection,
    clustersProjection,
    accessProjection,
  ],
  reactors: [EnqueueReactor, AccessEndsReactor],
  sweeps: [OwedSweep, UnfinishedSweep, SilenceSweep, AccessEndsSweep, VaultRecordsSweep],
};
