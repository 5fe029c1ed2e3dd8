import type { ResolvedSpec } from '#deployments/contract';
import { err, ok, type CommandContext, type DomainError, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { deploymentsErrors } from '../deployments.errors.ts';
import { pinnedIn } from '../resolve/remote-source.ts';
import { changesBetween } from '../resolve/summary.ts';
import { omit } from '../shared/omit.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import { latestOf, type Application, type Revision } from './application.ts';
import { Deployer, type Deployed } from './deployer.service.ts';
import { HostClaims } from './host-claims.service.ts';
import { RemovalCheck } from './removal-check.service.ts';
import { RevisionContent } from './revision-content.service.ts';
import { renderingRecord, SourcePins } from './source-pins.service.ts';

/** A rollback of an application. */
export interface Rollback {
  readonly organizationId: string;
  readonly applicationId: string;
  readonly application: Application;
  readonly target: Revision;
  /** Whether all profiles may be used. */
  readonly isAdmin: boolean;
  /** Whether the objects are checked with the rights of an owner or admin. */
  readonly byAdmin: boolean;
  /** User who requested it. */
  readonly by: string;
  /** Why, in the words of that user. */
  readonly message?: string;
  /** Whether most objects of the application may be deleted. */
  readonly allowRemovals?: boolean;
  /** Reason as text, if the platform rolls back by itself. */
  readonly because?: string;
}

interface RolledBack extends Deployed {
  /** What is deleted, as text, if it is most of the application. */
  readonly removals: string | undefined;
}

/** Deploys the content of an earlier revision as a new one. */
@Injectable()
export class Rollbacks {
  constructor(
    @Inject(RevisionContent) private readonly contents: RevisionContent,
    @Inject(HostClaims) private readonly hosts: HostClaims,
    @Inject(Deployer) private readonly deployer: Deployer,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(SourcePins) private readonly pins: SourcePins,
    @Inject(RemovalCheck) private readonly removals: RemovalCheck,
  ) {}

  /** Returns `deployments/stale-revision` if the application changed in the meantime. */
  async rollBack(
    {
      organizationId,
      applicationId,
      application,
      target,
      isAdmin,
      byAdmin,
      by,
      message,
      allowRemovals,
      because,
    }: Rollback,
    context: CommandContext & { readonly dryRun?: boolean; readonly ifMatch?: number },
  ): Promise<Result<RolledBack, DomainError>> {
    const latest = latestOf(application);
    const content = await this.contents.of(target);
    if (!content.ok) return content;
    if (!content.value) return err(deploymentsErrors.sourceGone(target.name, target.revision));
    const isThere = await this.isAvailable(content.value, { organizationId, applicationId, target }, context);
    if (!isThere.ok) return isThere;
    if (!isThere.value) return err(deploymentsErrors.sourceGone(target.name, target.revision));
    const volumes = await this.contents.checkVolumes(application, content.value, '');
    if (!volumes.ok) return volumes;
    const before = latest ? await this.contents.of(latest) : ok(undefined);
    if (!before.ok) return before;
    const prunes = target.syncPolicy?.prune !== false;
    const removals = await this.removals.of({ application, resolved: content.value, prunes });
    if (!removals.ok) return removals;
    const isAsked = because === undefined && !context.dryRun; // an automatic rollback fails visibly, in its attempt
    if (removals.value !== undefined && isAsked && allowRemovals !== true)
      return err(deploymentsErrors.removesMost(target.name, removals.value, `app rollback ${target.name}`));
    const hosts = await this.hosts.hostsIn(content.value);
    if (!hosts.ok) return hosts;
    const rollbackOf = target.revision;
    const back = `back to v${rollbackOf}${because === undefined ? '' : `, because ${because}`}`;
    const configuration = {
      ...omit(target, 'revision', 'succeeded', 'byAdmin', 'message'),
      ...(byAdmin && { byAdmin: true as const }),
      rollbackOf,
      changes: [back, ...(before.value ? changesBetween(before.value, content.value) : [])],
      by,
      ...(message !== undefined && { message }),
    };
    const revision = (latest?.revision ?? 0) + 1;
    const common = { organizationId, applicationId, configuration, revision, named: false, isAdmin };
    const deployed = await this.deployer.rollBack(
      { ...common, hosts: hosts.value, ...(allowRemovals !== undefined && { allowRemovals }) },
      context,
    );
    return deployed.ok ? ok({ ...deployed.value, removals: removals.value }) : deployed;
  }

  /** Returns whether a revision can be deployed again: what it rendered to is stored, or its source still exists. */
  private async isAvailable(
    { source }: ResolvedSpec,
    { organizationId, applicationId, target }: Pick<Rollback, 'organizationId' | 'applicationId' | 'target'>,
    { correlationId }: CommandContext,
  ): Promise<Result<boolean, DomainError>> {
    const pinned = pinnedIn(source);
    const { rendering } = target.source;
    if (!pinned || rendering === undefined) return ok(true);
    const record = await this.records.get(renderingRecord(organizationId, applicationId, rendering));
    if (!record.ok) return record;
    return record.value !== undefined ? ok(true) : this.pins.exists(pinned, { correlationId, organizationId });
  }
}
