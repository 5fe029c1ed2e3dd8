import { ACCESS, effectiveRole, organizationNotFound, type AccessSource, type Directory, type Role } from '#access';
import { plansOfRequest } from '#billing/contract';
import { BUS, type Bus, type RequestContext } from '#bus';
import { aboutRequest, peopleRequest } from '#identity/contract';
import { err, ok, type DomainError, type Position, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { deploymentsErrors } from '../deployments.errors.ts';

/** What refusals carry that are told again in the words of an organization; see `deploymentsErrors`. */
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

/** Who asks, and with what right. */
export interface Membership {
  readonly organizationId: string;
  readonly slug: string;
  /** Absent for a global admin who has not joined. */
  readonly role: Role | undefined;
  /** Owner, admin, or a global admin who logged in. */
  readonly isAdmin: boolean;
}

export interface PlanFacts {
  readonly plan: string;
  readonly defaultTier: string;
  readonly pricingUrl: string;
}

/** People, roles and plans, asked where they are kept, when somebody reads. */
@Injectable()
export class People {
  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(ACCESS) private readonly access: AccessSource,
  ) {}

  /** @param atLeast a position of the log that the membership must not be older than */
  async membership(context: RequestContext, atLeast?: Position): Promise<Result<Membership, DomainError>> {
    const current = await this.access.current(atLeast);
    if (!current.ok) return current;
    const organization =
      context.organizationId === undefined ? undefined : current.value.organizations.get(context.organizationId);
    if (!organization) return err(organizationNotFound());
    const member = organization.members.get(context.actor.id);
    const role = member && effectiveRole(member, context.principal);
    return ok({
      organizationId: organization.id,
      slug: organization.slug,
      role,
      isAdmin: context.actor.isGlobalAdmin || role === 'admin' || role === 'owner',
    });
  }

  /** Whether somebody is owner, admin or global admin now, for work that continues without their request. */
  async isAdmin(organizationId: string, userId: string): Promise<boolean> {
    const current = await this.access.current();
    if (!current.ok) return false;
    const role = current.value.organizations.get(organizationId)?.members.get(userId)?.role;
    return role === 'owner' || role === 'admin' || current.value.users.get(userId)?.globalRole === 'admin';
  }

  async slugOf(organizationId: string): Promise<string> {
    const current = await this.access.current();
    return (current.ok && current.value.organizations.get(organizationId)?.slug) || organizationId;
  }

  /** A function from ids to what is shown for them: address or name, `platform` for the platform's own deeds. */
  async namesOf(ids: readonly string[], context: RequestContext): Promise<(id: string) => string> {
    const people = [...new Set(ids)].filter((id) => id !== '' && !id.startsWith('system:'));
    const known = new Map<string, string>();
    const current = await this.access.current();
    const members =
      current.ok && context.organizationId !== undefined
        ? current.value.organizations.get(context.organizationId)?.members
        : undefined;
    for (const id of people) {
      const name = members?.get(id)?.name;
      if (name !== undefined) known.set(id, name);
    }
    const asked = people.filter((id) => !known.has(id));
    for (let from = 0; from < asked.length; from += 500) {
      const answer = await this.bus.request(peopleRequest, { ids: asked.slice(from, from + 500) }, this.own(context));
      if (!answer.ok) continue; // the ids are shown then: a view is no reason to fail
      for (const { id, email, name, erased } of answer.value.people)
        known.set(id, erased ? 'erased user' : (email ?? name ?? id));
    }
    return (id) => (id.startsWith('system:') ? 'platform' : (known.get(id) ?? id));
  }

  /** The plan's name and defaults; those of a new organization when billing does not answer. */
  async planOf(organizationId: string, context: RequestContext): Promise<PlanFacts> {
    const answer = await this.bus.request(plansOfRequest, { organizationIds: [organizationId] }, this.own(context));
    const plan = answer.ok ? answer.value.plans[organizationId] : undefined;
    return {
      plan: plan?.plan ?? 'developer',
      defaultTier: plan?.defaultTier ?? 'basic',
      pricingUrl: answer.ok ? answer.value.pricingUrl : '',
    };
  }

  /** A refusal in the words of the organization: who may help, and under which plan a limit was met. */
  async explain(error: DomainError, context: RequestContext): Promise<DomainError> {
    if (error.kind !== 'limit' && error.code !== 'access/protected-profile') return error;
    const current = await this.access.current();
    const organization =
      current.ok && context.organizationId !== undefined
        ? current.value.organizations.get(context.organizationId)
        : undefined;
    if (!organization) return error;
    return error.kind === 'limit'
      ? this.explainLimit(error, organization, context)
      : this.explainProtected(error, organization, context);
  }

  private async explainLimit(
    error: DomainError,
    organization: Organization,
    context: RequestContext,
  ): Promise<DomainError> {
    const met = limitMet.safeParse(error.extra);
    if (!met.success) return error;
    const { kind, name, limit, used } = met.data;
    const { plan, pricingUrl } = await this.planOf(organization.id, context);
    const owners = await this.named(organization, ['owner'], context);
    const planOf = { organization: organization.slug, name: plan, pricingUrl, owners };
    return kind === undefined
      ? deploymentsErrors.deploymentLimit(name, limit, used, planOf)
      : deploymentsErrors.limit(kind, name, limit, used, planOf);
  }

  private async explainProtected(
    error: DomainError,
    organization: Organization,
    context: RequestContext,
  ): Promise<DomainError> {
    const change = protectedChange.safeParse(error.extra);
    if (!change.success) return error;
    const member = organization.members.get(context.actor.id);
    const admins = await this.named(organization, ['admin', 'owner'], context);
    const who = (await this.namesOf([context.actor.id], context))(context.actor.id);
    const role = member ? effectiveRole(member, context.principal) : 'no member';
    return deploymentsErrors.protectedProfile(change.data, {
      who: `${who} (${role} of ${organization.slug})`,
      ...(admins !== '' && { admins }),
    });
  }

  /** The refusal of what needs a cluster where an organization has none: how to register one, and whom to ask. */
  async noCluster(slug: string, context: RequestContext): Promise<DomainError> {
    const about = await this.bus.request(aboutRequest, {}, this.own(context));
    return deploymentsErrors.noCluster(slug, about.ok ? about.value.contact : undefined);
  }

  /** At most three, joined by `or`. */
  private async named(organization: Organization, roles: readonly Role[], context: RequestContext): Promise<string> {
    const ids = [...organization.members]
      .filter(([, { role, kind }]) => kind === 'person' && roles.includes(role))
      .map(([id]) => id);
    const shown = await this.namesOf(ids.slice(0, 3), context);
    return ids.slice(0, 3).map(shown).join(' or ');
  }

  private own({ correlationId, organizationId }: RequestContext): RequestContext {
    return this.bus.own({ correlationId, ...(organizationId !== undefined && { organizationId }), timeoutMs: 3_000 });
  }
}

type Organization = NonNullable<ReturnType<Directory['organization']>>;
