import { Module } from '@nestjs/common';
import { ApplicationRecordsSweep } from './applications/application-records.sweep.ts';
import { ApplicationDeletion } from './applications/application-deletion.service.ts';
import { ApplicationLookup } from './applications/application-lookup.service.ts';
import { ClusterRemoval } from './clusters/cluster-removal.service.ts';
import { ContentsQueries } from './clearing/contents.queries.ts';
import { OrganizationClearing } from './clearing/organization-clearing.service.ts';
import { OrganizationClearingSweep } from './clearing/organization-clearing.sweep.ts';
import { ApplicationChanges } from './applications/application-changes.service.ts';
import { ApplicationViews } from './applications/application-views.service.ts';
import { ApplicationsHandlers } from './applications/applications.handlers.ts';
import { ApplicationsQueries } from './applications/applications.queries.ts';
import { ApplyHandlers } from './applications/apply.handlers.ts';
import { Dependencies } from './applications/dependencies.service.ts';
import { Deployer } from './applications/deployer.service.ts';
import { DeploymentPlanner } from './applications/deployment-planner.service.ts';
import { DifferencesQueries } from './applications/differences.queries.ts';
import { HostClaims } from './applications/host-claims.service.ts';
import { LiveStatus } from './applications/live-status.service.ts';
import { NameRelease } from './applications/name-release.service.ts';
import { ObserverHandlers } from './applications/observer.handlers.ts';
import { OperationsHandlers } from './applications/operations.handlers.ts';
import { ProtectionReader } from './applications/protection.service.ts';
import { Receipts } from './applications/receipts.service.ts';
import { RevisionContent } from './applications/revision-content.service.ts';
import { StreamsQueries } from './applications/streams.queries.ts';
import { ApplicationChangesReactor } from './applications/application-changes.reactor.ts';
import { HostClaimsReactor } from './applications/host-claims.reactor.ts';
import { SourcePins } from './applications/source-pins.service.ts';
import { AttemptHistory } from './attempts/attempt-history.service.ts';
import { LimitsHandlers } from './catalog/limits.handlers.ts';
import { UsageQueries } from './applications/usage.queries.ts';
import { CatalogQueries } from './clusters/catalog.queries.ts';
import { AccessEndsReactor } from './clusters/access-ends.reactor.ts';
import { AccessEnds } from './clusters/access-ends.service.ts';
import { AccessEndsSweep } from './clusters/access-ends.sweep.ts';
import { AccessReviewHandlers } from './clusters/access-review.handlers.ts';
import { AccessQueries } from './clusters/access.queries.ts';
import { ClusterDocuments } from './clusters/cluster-documents.service.ts';
import { ClusterRecordsSweep } from './clusters/cluster-records.sweep.ts';
import { ClusterViews } from './clusters/cluster-views.service.ts';
import { ClusterLookup } from './clusters/cluster-lookup.service.ts';
import { ClustersHandlers } from './clusters/clusters.handlers.ts';
import { ClusterEventsQueries } from './clusters/cluster-events.queries.ts';
import { ClustersQueries } from './clusters/clusters.queries.ts';
import { ConnectionDetails } from './clusters/connection-details.service.ts';
import { Heartbeats } from './clusters/heartbeats.service.ts';
import { HealthHandlers } from './clusters/health.handlers.ts';
import { IngressHandlers } from './clusters/ingress.handlers.ts';
import { RegisterHandlers } from './clusters/register.handlers.ts';
import { ReportsHandlers } from './clusters/reports.handlers.ts';
import { SandboxProvisioning } from './clusters/sandbox-provisioning.service.ts';
import { Sandboxes } from './clusters/sandboxes.service.ts';
import { MissedHeartbeatsSweep } from './clusters/missed-heartbeats.sweep.ts';
import { ClusterChangesReactor } from './clusters/cluster-changes.reactor.ts';
import { ClusterChanges } from './clusters/cluster-changes.service.ts';
import { CredentialRecordsSweep } from './credentials/credential-records.sweep.ts';
import { CredentialsHandlers } from './credentials/credentials.handlers.ts';
import { HostCredentials } from './credentials/host-credentials.service.ts';
import { EgressEntries } from './egress/egress-entries.service.ts';
import { EgressHandlers } from './egress/egress.handlers.ts';
import { EgressQueries } from './egress/egress.queries.ts';
import { KubeconfigsHandlers } from './kubeconfigs/kubeconfigs.handlers.ts';
import { DefaultProfile } from './profiles/default-profile.service.ts';
import { ProfileRecordsSweep } from './profiles/profile-records.sweep.ts';
import { ProfileTarget } from './profiles/profile-target.service.ts';
import { ProfileViews } from './profiles/profile-views.service.ts';
import { ProfilesHandlers } from './profiles/profiles.handlers.ts';
import { ProfilesQueries } from './profiles/profiles.queries.ts';
import { ProfileChangesReactor } from './profiles/profile-changes.reactor.ts';
import { ProfileChanges } from './profiles/profile-changes.service.ts';
import { ProfileTiersReactor } from './profiles/profile-tiers.reactor.ts';
import { ReplayQueries } from './replay.queries.ts';
import { AttemptHosts } from './rollouts/attempt-hosts.service.ts';
import { AttemptCloser } from './rollouts/attempt-closer.service.ts';
import { AttemptsHandlers } from './rollouts/attempts.handlers.ts';
import { Previews } from './applications/previews.service.ts';
import { RemovalCheck } from './applications/removal-check.service.ts';
import { Rollbacks } from './applications/rollbacks.service.ts';
import { RollbackReactor } from './applications/rollback.reactor.ts';
import { SelfHealReactor } from './applications/self-heal.reactor.ts';
import { DependentsReactor } from './rollouts/dependents.reactor.ts';
import { EnqueueReactor } from './rollouts/enqueue.reactor.ts';
import { PendingAttemptsSweep } from './rollouts/pending-attempts.sweep.ts';
import { RecordsHandlers } from './rollouts/records.handlers.ts';
import { RolloutTasks } from './rollouts/rollout-tasks.service.ts';
import { SecretChanges } from './secrets/secret-changes.service.ts';
import { SecretRecordsSweep } from './secrets/secret-records.sweep.ts';
import { SecretsHandlers } from './secrets/secrets.handlers.ts';
import { SecretsQueries } from './secrets/secrets.queries.ts';
import { FingerprintKeys } from './shared/fingerprint-keys.service.ts';
import { ManifestReader } from './shared/manifest-reader.service.ts';
import { OrganizationLookup } from './shared/organization-lookup.service.ts';
import { Refusals } from './shared/refusals.service.ts';
import { UnnamedRecords } from './shared/unnamed-records.service.ts';
import { VaultRecords } from './shared/vault-records.service.ts';
import { SourceTracking } from './tracking/source-tracking.service.ts';
import { SourceTrackingSweep } from './tracking/source-tracking.sweep.ts';
import { DeliveriesHandlers } from './webhooks/deliveries.handlers.ts';
import { WebhookRecordsSweep } from './webhooks/webhook-records.sweep.ts';
import { WebhooksHandlers } from './webhooks/webhooks.handlers.ts';

/** All slices of deployments. The process provides the tokens that they inject. */
@Module({
  controllers: [
    ReplayQueries,
    ApplyHandlers,
    ApplicationsHandlers,
    ApplicationsQueries,
    DifferencesQueries,
    StreamsQueries,
    ProfilesHandlers,
    ProfilesQueries,
    CredentialsHandlers,
    EgressHandlers,
    EgressQueries,
    RegisterHandlers,
    ClustersHandlers,
    IngressHandlers,
    HealthHandlers,
    ClusterEventsQueries,
    ClustersQueries,
    OperationsHandlers,
    SecretsHandlers,
    SecretsQueries,
    WebhooksHandlers,
    DeliveriesHandlers,
    ObserverHandlers,
    ReportsHandlers,
    LimitsHandlers,
    CatalogQueries,
    ContentsQueries,
    UsageQueries,
    AccessReviewHandlers,
    AccessQueries,
    KubeconfigsHandlers,
    AttemptsHandlers,
    RecordsHandlers,
  ],
  providers: [
    ApplicationChanges,
    ApplicationDeletion,
    ApplicationLookup,
    ApplicationViews,
    Dependencies,
    Deployer,
    Rollbacks,
    Previews,
    RemovalCheck,
    HostClaims,
    HostClaimsReactor,
    LiveStatus,
    DeploymentPlanner,
    SourcePins,
    HostCredentials,
    ProtectionReader,
    RevisionContent,
    Receipts,
    NameRelease,
    AttemptCloser,
    AttemptHosts,
    RolloutTasks,
    AttemptHistory,
    EgressEntries,
    ClusterLookup,
    ClusterViews,
    ClusterDocuments,
    ConnectionDetails,
    AccessEnds,
    Heartbeats,
    SandboxProvisioning,
    Sandboxes,
    ProfileTarget,
    ProfileViews,
    ManifestReader,
    OrganizationLookup,
    Refusals,
    SecretChanges,
    FingerprintKeys,
    VaultRecords,
    UnnamedRecords,
    DefaultProfile,
    EnqueueReactor,
    DependentsReactor,
    SelfHealReactor,
    RollbackReactor,
    AccessEndsReactor,
    AccessEndsSweep,
    PendingAttemptsSweep,
    ApplicationChangesReactor,
    ProfileChangesReactor,
    ProfileChanges,
    ProfileTiersReactor,
    ClusterChangesReactor,
    ClusterChanges,
    ClusterRemoval,
    OrganizationClearing,
    OrganizationClearingSweep,
    ApplicationRecordsSweep,
    SecretRecordsSweep,
    ProfileRecordsSweep,
    ClusterRecordsSweep,
    CredentialRecordsSweep,
    MissedHeartbeatsSweep,
    SourceTracking,
    SourceTrackingSweep,
    WebhookRecordsSweep,
  ],
})
export class DeploymentsModule {}
