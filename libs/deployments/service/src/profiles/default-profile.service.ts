import { BUS, type Bus, type RequestContext } from '#bus';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { LOGGER, ok, type DomainError, type Logger, type Position, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { catalogDecider, catalogStream } from '../catalog/catalog.decider.ts';
import { SANDBOX_NAME, SandboxProvisioning } from '../clusters/sandbox-provisioning.service.ts';
import { deploymentsErrors } from '../deployments.errors.ts';
import { OncePerOrganization, type Made } from '../shared/once-per-organization.service.ts';
import { OrganizationLookup } from '../shared/organization-lookup.service.ts';
import { VaultRecords } from '../shared/vault-records.service.ts';
import { ProfileChanges } from './profile-changes.service.ts';
import { profileContent } from './profile-content.service.ts';

const DEFAULT_PROFILE = 'default';

/**
 * Creates the profile `default` for an organization with a sandbox that never had a profile. A deleted one is not
 * created again.
 */
@Injectable()
export class DefaultProfile {
  private readonly once: OncePerOrganization;

  constructor(
    @Inject(COMMANDS) private readonly commands: CommandRunner,
    @Inject(ProfileChanges) private readonly changes: ProfileChanges,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(VaultRecords) private readonly records: VaultRecords,
    @Inject(LOGGER) logger: Logger,
    @Inject(SandboxProvisioning) private readonly sandbox: SandboxProvisioning,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
  ) {
    this.once = new OncePerOrganization(logger, 'the default profile could not be created');
  }

  /** @returns the position that reads must include, if this call created something */
  async ensure(organizationId: string, cause: RequestContext): Promise<Position | undefined> {
    const sandbox = await this.sandbox.ensure(organizationId, cause);
    return (await this.once.ensure(organizationId, () => this.make(organizationId, cause))) ?? sandbox;
  }

  private async make(organizationId: string, { correlationId }: RequestContext): Promise<Result<Made, DomainError>> {
    const catalog = await this.commands.load(catalogDecider, catalogStream(organizationId));
    if (!catalog.ok) return catalog;
    const { entries, hadProfile } = catalog.value.state;
    const cluster = entries.cluster.get(SANDBOX_NAME);
    if (hadProfile) return ok({ isThere: true });
    if (!cluster) return ok({ isThere: false });
    const context = this.bus.own({ organizationId, correlationId });
    const id = this.commands.newId(context, 0);
    const spec = { profileName: DEFAULT_PROFILE, clusterName: SANDBOX_NAME };
    const tier = await this.organizations.defaultTier(organizationId, context);
    const content = await profileContent(this.records, id, cluster, spec, tier.ok ? tier.value : null);
    if (!content.ok) return content;
    const named = { kind: 'profile', name: DEFAULT_PROFILE, id } as const;
    const profile = { ...named, counted: false, refers: cluster.id, intent: content.value };
    const created = await this.changes.apply(organizationId, profile, 'all', context);
    if (created.ok) return ok({ isThere: true, position: created.value.position });
    const isElsewhere = created.error.code === deploymentsErrors.staleRevision().code; // another request creates it
    return isElsewhere ? ok({ isThere: true }) : created;
  }
}
