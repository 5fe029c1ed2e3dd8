import { COMMANDS, type CommandRunner } from '#event-sourcing';
import type { InventoryEntry, RolloutTask } from '#deployments/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { latestOf, type Application, type Revision } from '../applications/application.ts';
import { renderingRecord, SourcePins } from '../applications/source-pins.service.ts';
import { AttemptHistory, deployedObjectsOf, deployedPlanOf } from '../attempts/attempt-history.service.ts';
import { inventoryOf, type Attempt, type AttemptRecord } from '../attempts/attempt.ts';
import { ConnectionDetails } from '../clusters/connection-details.service.ts';
import { namespacesDecider, namespacesStream } from '../clusters/namespaces.decider.ts';
import { HostCredentials } from '../credentials/host-credentials.service.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { digestOf, VaultRecords } from '../shared/vault-records.service.ts';

/** Most inventory entries in a message: about 300 bytes each. */
const MAX_ENTRIES = 500;

/** Builds the task of a worker for an attempt. */
@Injectable()
export class RolloutTasks {
  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(AttemptHistory) private readonly history: AttemptHistory,
    @Inject(ConnectionDetails) private readonly connections: ConnectionDetails,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(SourcePins) private readonly pins: SourcePins,
    @Inject(HostCredentials) private readonly credentials: HostCredentials,
  ) {}

  /** Returns an inventory for a message, or the vault record that contains it. */
  private async listed(
    organizationId: string,
    applicationId: string,
    entries: readonly InventoryEntry[],
  ): Promise<Result<Pick<RolloutTask, 'inventory' | 'inventoryRecord'>, DomainError>> {
    if (entries.length <= MAX_ENTRIES) return ok({ inventory: [...entries] });
    const text = JSON.stringify(entries);
    const inventoryRecord = `rendered/${organizationId}/${applicationId}/inventory-${digestOf(entries)}`;
    const stored = await this.records.put(inventoryRecord, text);
    return stored.ok ? ok({ inventory: [], inventoryRecord }) : stored;
  }

  /** For a source outside of the platform: how to contact it, and the record of what it renders to. */
  private async sourceAccess(
    organizationId: string,
    applicationId: string,
    { kind }: Attempt,
    { source: { rendering } }: Revision,
  ): Promise<Result<Pick<RolloutTask, 'sourceAccess' | 'rendering'>, DomainError>> {
    if (kind === 'delete' || rendering === undefined) return ok({});
    const sourceAccess = await this.pins.access(organizationId);
    if (!sourceAccess.ok) return sourceAccess;
    return ok({
      sourceAccess: sourceAccess.value,
      rendering: renderingRecord(organizationId, applicationId, rendering),
    });
  }

  /** For an image whose registry has a credential: where its secret is stored. */
  private async imageCredential(
    organizationId: string,
    { kind }: Attempt,
    { source }: Revision,
  ): Promise<Result<Pick<RolloutTask, 'imageCredential'>, DomainError>> {
    if (kind === 'delete' || source.type !== 'image') return ok({});
    const found = await this.credentials.ofImage(organizationId, source.ref);
    return found.ok ? ok(found.value ? { imageCredential: found.value } : {}) : found;
  }

  async of(
    organizationId: string,
    applicationId: string,
    application: Application,
    attempt: Attempt,
  ): Promise<Result<RolloutTask, DomainError>> {
    const latest = latestOf(application);
    const revision = application.revisions[attempt.revision - 1] ?? latest;
    if (!revision) return err(deploymentsErrors.attemptEnded());
    const cluster = await this.connections.of(organizationId, revision.cluster.id);
    if (!cluster.ok) return cluster;
    const records = await this.history.of(application.attempts);
    if (!records.ok) return records;
    const listed = await this.listed(organizationId, applicationId, inventoryOf(records.value));
    if (!listed.ok) return listed;
    const namespaces = await this.commands.load(namespacesDecider, namespacesStream(revision.cluster.uid));
    if (!namespaces.ok) return namespaces;
    const access = await this.sourceAccess(organizationId, applicationId, attempt, revision);
    if (!access.ok) return access;
    const deployedObjects = deployedObjectsOf(records.value);
    const runsHooks = attempt.kind === 'delete' && !attempt.orphan && !attempt.noHooks;
    const deployed = runsHooks ? deployedPlanOf(records.value) : undefined;
    const image = await this.imageCredential(organizationId, attempt, revision);
    if (!image.ok) return image;
    const sharers = namespaces.value.state.get(revision.targetNamespace)?.applications ?? [];
    return ok({
      kind: attempt.kind,
      organizationId,
      organizationSlug: await this.organizations.slugOf(organizationId),
      applicationId,
      applicationName: revision.name,
      attemptId: attempt.id,
      attemptNumber: attempt.number,
      revision: attempt.revision,
      cluster: cluster.value,
      targetNamespace: revision.targetNamespace,
      namespaceMode: revision.namespaceMode,
      ownsNamespace: sharers.every((id) => id === applicationId),
      resolved: attempt.kind === 'deploy' ? revision.resolved.record : null,
      recordedPlan: recordedPlanOf(records.value, attempt),
      ...listed.value,
      orphan: attempt.orphan,
      ...(attempt.restart !== undefined && { restart: attempt.restart }),
      ...access.value,
      ...(attempt.kind === 'deploy' && { hooks: hooksOf(application, attempt, revision) }),
      ...(deployed && { deployed }),
      ...image.value,
      ...(revision.byAdmin && { byAdmin: true }),
      ...(revision.syncPolicy?.prune === false && { prune: false }),
      ...(attempt.failFast && { failFast: attempt.failFast }),
      ...(attempt.adopt && { adopt: attempt.adopt.map(({ uid }) => uid) }),
      ...(attempt.allowRemovals && { allowRemovals: attempt.allowRemovals }),
      ...(deployedObjects !== undefined && { deployedObjects }),
    });
  }
}

/**
 * Returns which hooks an attempt runs. A restart or self-heal of a revision that has succeeded only writes its objects
 * again.
 */
export function hooksOf(
  { revisions }: Pick<Application, 'revisions'>,
  { restart, heals }: Pick<Attempt, 'restart' | 'heals'>,
  { succeeded, rollbackOf }: Pick<Revision, 'succeeded' | 'rollbackOf'>,
): NonNullable<RolloutTask['hooks']> {
  if (succeeded && (restart !== undefined || heals)) return 'none';
  if (rollbackOf !== null) return 'rollback';
  return revisions.some((revision) => revision.succeeded) ? 'upgrade' : 'install';
}

/** Returns the plan of this attempt, or of the lost attempts right before it at the same revision. */
function recordedPlanOf(records: readonly AttemptRecord[], attempt: Attempt): RolloutTask['recordedPlan'] {
  for (const { attempt: earlier, progress } of [...records].reverse()) {
    if (earlier.number > attempt.number) continue;
    const isSameWork = earlier.id === attempt.id || earlier.state === 'abandoned';
    if (!isSameWork || earlier.revision !== attempt.revision || earlier.kind !== attempt.kind) return null;
    if (progress.plan) return progress.plan;
  }
  return null;
}
