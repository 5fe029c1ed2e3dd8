import { recordRefusalsRequest } from '#audit/contract';
import { plansOfRequest } from '#billing/contract';
import {
  endAccessRequest,
  issueTokenRequest,
  liveEventsRequest,
  liveLogsRequest,
  liveDifferencesRequest,
  previewRevisionRequest,
  liveResourcesRequest,
  liveStatusRequest,
  liveTopRequest,
  pinSourceRequest,
  probeClusterRequest,
  rolloutQueue,
} from '#deployments/contract';
import { aboutRequest, peopleRequest } from '#identity/contract';
import { ensureSandboxRequest, sandboxAddressRequest } from '#sandbox-cluster/contract';
import { SERVICE_SETTINGS, type ContextService, type ServiceSettings } from '#runtime';
import { ApplicationRecordsSweep } from './applications/application-records.sweep.ts';
import { applicationDecider } from './applications/application.decider.ts';
import { applicationsProjection } from './applications/applications.projection.ts';
import { eventLinesProjection } from './applications/events.projection.ts';
import { receiptsProjection } from './applications/receipts.projection.ts';
import { revisionsProjection } from './applications/revisions.projection.ts';
import { ApplicationChangesReactor } from './applications/application-changes.reactor.ts';
import { HostClaimsReactor } from './applications/host-claims.reactor.ts';
import { attemptDecider } from './attempts/attempt.decider.ts';
import { catalogDecider } from './catalog/catalog.decider.ts';
import { AccessEndsReactor } from './clusters/access-ends.reactor.ts';
import { AccessEndsSweep } from './clusters/access-ends.sweep.ts';
import { accessProjection } from './clusters/access.projection.ts';
import { clusterNameDecider } from './clusters/cluster-name.decider.ts';
import { ClusterRecordsSweep } from './clusters/cluster-records.sweep.ts';
import { clusterDecider } from './clusters/cluster.decider.ts';
import { clustersProjection } from './clusters/clusters.projection.ts';
import { hostsDecider } from './clusters/hosts.decider.ts';
import { namespacesDecider } from './clusters/namespaces.decider.ts';
import { MissedHeartbeatsSweep } from './clusters/missed-heartbeats.sweep.ts';
import { ClusterChangesReactor } from './clusters/cluster-changes.reactor.ts';
import { DeploymentsModule } from './deployments.module.ts';
import { CredentialRecordsSweep } from './credentials/credential-records.sweep.ts';
import { credentialsDecider } from './credentials/credentials.decider.ts';
import { egressDecider } from './egress/egress.decider.ts';
import { egressProjection } from './egress/egress.projection.ts';
import { ProfileRecordsSweep } from './profiles/profile-records.sweep.ts';
import { profileDecider } from './profiles/profile.decider.ts';
import { profilesProjection } from './profiles/profiles.projection.ts';
import { ProfileChangesReactor } from './profiles/profile-changes.reactor.ts';
import { ProfileTiersReactor } from './profiles/profile-tiers.reactor.ts';
import { RollbackReactor } from './applications/rollback.reactor.ts';
import { SelfHealReactor } from './applications/self-heal.reactor.ts';
import { OrganizationClearingSweep } from './clearing/organization-clearing.sweep.ts';
import { DependentsReactor } from './rollouts/dependents.reactor.ts';
import { EnqueueReactor } from './rollouts/enqueue.reactor.ts';
import { PendingAttemptsSweep } from './rollouts/pending-attempts.sweep.ts';
import { SecretRecordsSweep } from './secrets/secret-records.sweep.ts';
import { secretsProjection } from './secrets/secrets.projection.ts';
import { WebhookRecordsSweep } from './webhooks/webhook-records.sweep.ts';
import { SOURCE_POLL_MS, SourceTrackingSweep } from './tracking/source-tracking.sweep.ts';

/** The deployments service, ready to be composed into a process. */
export const deploymentsService: ContextService = {
  name: 'deployments',
  module: DeploymentsModule,
  engines: ['eventStore', 'readStore', 'vault', 'queue'],
  calls: [
    recordRefusalsRequest,
    plansOfRequest,
    endAccessRequest,
    issueTokenRequest,
    liveEventsRequest,
    liveLogsRequest,
    liveDifferencesRequest,
    previewRevisionRequest,
    liveResourcesRequest,
    liveStatusRequest,
    liveTopRequest,
    pinSourceRequest,
    probeClusterRequest,
    aboutRequest,
    peopleRequest,
    ensureSandboxRequest,
    sandboxAddressRequest,
  ],
  providers: [
    {
      provide: SOURCE_POLL_MS,
      inject: [SERVICE_SETTINGS],
      useFactory: ({ configuration }: ServiceSettings) => configuration.sourcePollSeconds * 1_000,
    },
  ],
  queues: [rolloutQueue],
  deciders: [
    applicationDecider,
    attemptDecider,
    catalogDecider,
    profileDecider,
    clusterDecider,
    clusterNameDecider,
    namespacesDecider,
    hostsDecider,
    egressDecider,
    credentialsDecider,
  ],
  projections: [
    applicationsProjection,
    revisionsProjection,
    receiptsProjection,
    secretsProjection,
    eventLinesProjection,
    profilesProjection,
    clustersProjection,
    accessProjection,
    egressProjection,
  ],
  reactors: [
    EnqueueReactor,
    DependentsReactor,
    SelfHealReactor,
    RollbackReactor,
    AccessEndsReactor,
    ApplicationChangesReactor,
    HostClaimsReactor,
    ClusterChangesReactor,
    ProfileChangesReactor,
    ProfileTiersReactor,
  ],
  sweeps: [
    PendingAttemptsSweep,
    MissedHeartbeatsSweep,
    AccessEndsSweep,
    ApplicationRecordsSweep,
    SecretRecordsSweep,
    ProfileRecordsSweep,
    ClusterRecordsSweep,
    CredentialRecordsSweep,
    SourceTrackingSweep,
    WebhookRecordsSweep,
    OrganizationClearingSweep,
  ],
};
