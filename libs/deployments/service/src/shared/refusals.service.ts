import { ACCESS, effectiveRole, type AccessSource, type Directory, type Role } from '#access';
import { BUS, type Bus, type OrganizationContext } from '#bus';
import { aboutRequest } from '#identity/contract';
import type { DomainError } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { deploymentsErrors } from '../deployments.errors.ts';
import { ASKING_MS, OrganizationLookup } from './organization-lookup.service.ts';

/** The data of refusals that are built again with what their organization knows; see `deploymentsErrors`. */
const limitMet = z.object({
  limit: z.number(),
  used: z.number(),
  name: z.string(),
  kind: z.enum(['application', 'profile', 'cluster']).optional(),
});
const protectedChange = z.object({
  action: z.enum(['deploy', 'change', 'delete']),
  application: z.string(),
  profile: z.string(),
  namespace: z.string().exactOptional(),
  usedBy: z.string().exactOptional(),
});

type Organization = NonNullable<ReturnType<Directory['organization']>>;

/** Refusals with what only their organization knows: who may help, and under which plan a limit was met. */
@Injectable()
export class Refusals {
  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
  ) {}

  /** The refusal to show; one that needs no more is returned as it is. */
  async explain(error: DomainError, context: OrganizationContext): Promise<DomainError> {
    if (error.kind !== 'limit' && error.code !== 'access/protected-profile') return error;
    const current = await this.access.current();
    const organization = current.ok ? current.value.organizations.get(context.organizationId) : undefined;
    if (!organization) return error;
    return error.kind === 'limit'
      ? this.explainLimit(error, organization, context)
      : this.explainProtected(error, organization, context);
  }

  private async explainLimit(
    error: DomainError,
    organization: Organization,
    context: OrganizationContext,
  ): Promise<DomainError> {
    const met = limitMet.safeParse(error.extra);
    if (!met.success) return error;
    const { kind, name, limit, used } = met.data;
    const { plan, pricingUrl } = await this.organizations.planOf(organization.id, context);
    const owners = await this.named(organization, ['owner'], context);
    const planOf = { organization: organization.slug, name: plan, pricingUrl, owners };
    return kind === undefined
      ? deploymentsErrors.deploymentLimit(name, limit, used, planOf)
      : deploymentsErrors.limit(kind, name, limit, used, planOf);
  }

  private async explainProtected(
    error: DomainError,
    organization: Organization,
    context: OrganizationContext,
  ): Promise<DomainError> {
    const change = protectedChange.safeParse(error.extra);
    if (!change.success) return error;
    const member = organization.members.get(context.actor.id);
    const { contact } = organization.settings;
    const admins = await this.named(organization, ['admin', 'owner'], context);
    const helpers = [...(contact === null ? [] : [contact]), ...(admins === '' ? [] : [admins])].join(' or ');
    const who = (await this.organizations.namesOf([context.actor.id], context))(context.actor.id);
    const role = member ? effectiveRole(member, context.principal) : 'no member';
    return deploymentsErrors.protectedProfile(change.data, {
      who: `${who} (${role} of ${organization.slug})`,
      ...(helpers !== '' && { admins: helpers }),
    });
  }

  /** The refusal of what needs a cluster where an organization has none: how to register one, and whom to ask. */
  async noCluster(slug: string, context: OrganizationContext): Promise<DomainError> {
    const { correlationId, organizationId } = context;
    const own = this.bus.own({ correlationId, organizationId, timeoutMs: ASKING_MS });
    const about = await this.bus.request(aboutRequest, {}, own);
    return deploymentsErrors.noCluster(slug, about.ok ? about.value.contact : undefined);
  }

  /** At most three, joined by `or`. */
  private async named(
    organization: Organization,
    roles: readonly Role[],
    context: OrganizationContext,
  ): Promise<string> {
    const ids = [...organization.members]
      .filter(([, { role, kind }]) => kind === 'person' && roles.includes(role))
      .map(([id]) => id);
    const shown = await this.organizations.namesOf(ids.slice(0, 3), context);
    return ids.slice(0, 3).map(shown).join(' or ');
  }
}
