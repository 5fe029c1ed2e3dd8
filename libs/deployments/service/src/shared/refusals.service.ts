import { ACCESS, effectiveRole, type AccessSource, type Directory, type Role } from '#access';
import { BUS, type Bus, type OrganizationContext } from '#bus';
import { aboutRequest } from '#identity/contract';
import type { DomainError } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { deploymentsErrors } from '../deployments.errors.ts';
import { TIMEOUT_MS, OrganizationLookup } from './organization-lookup.service.ts';

/** Data of errors that are completed with facts about their organization; see `deploymentsErrors`. */
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

/** Completes errors with facts about their organization: who can help, and which plan has the limit. */
@Injectable()
export class Refusals {
  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(OrganizationLookup) private readonly organizations: OrganizationLookup,
  ) {}

  /** Returns the error to show. An error that needs no more facts is returned unchanged. */
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

  /** Returns the error of an organization without a cluster: how to register one, and whom to ask. */
  async noCluster(slug: string, context: OrganizationContext): Promise<DomainError> {
    const { correlationId, organizationId } = context;
    const own = this.bus.own({ correlationId, organizationId, timeoutMs: TIMEOUT_MS });
    const about = await this.bus.request(aboutRequest, {}, own);
    return deploymentsErrors.noCluster(slug, about.ok ? about.value.contact : undefined);
  }

  /** Joins at most three names with `or`. */
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
