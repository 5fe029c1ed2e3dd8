import { ACCESS, activeMember, effectiveRole, organizationNotFound, type AccessSource, type Role } from '#access';
import { plansOfRequest } from '#billing/contract';
import { BUS, type Bus, type OrganizationContext, type RequestContext } from '#bus';
import { peopleById } from '#identity/contract';
import { CLOCK, err, ok, type Clock, type CommandContext, type DomainError, type Position, type Result } from '#kernel';
import { Inject, Injectable } from '@nestjs/common';

/** Milliseconds that a view waits for another service. */
export const TIMEOUT_MS = 3_000;

/** The caller and their rights. */
export interface Membership {
  readonly organizationId: string;
  readonly slug: string;
  /** Absent for a global admin who is not a member. */
  readonly role: Role | undefined;
  /** Owner, admin, or a global admin who logged in. */
  readonly isAdmin: boolean;
}

/** Plan of an organization that billing does not know yet. */
const NEW_PLAN = { plan: 'developer', defaultTier: 'basic' } as const;

/** Plan of an organization and its defaults. */
export interface PlanFacts {
  readonly plan: string;
  readonly defaultTier: string;
  readonly pricingUrl: string;
}

/** Looks up members, their names and rights, and plans, in the services that own them. */
@Injectable()
export class OrganizationLookup {
  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(ACCESS) private readonly access: AccessSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param atLeast a position of the log that the membership must include */
  async membership(context: OrganizationContext, atLeast?: Position): Promise<Result<Membership, DomainError>> {
    const current = await this.access.current(atLeast);
    if (!current.ok) return current;
    const organization = current.value.organizations.get(context.organizationId);
    if (!organization) return err(organizationNotFound());
    const member = activeMember(organization, context.actor.id, this.clock.now());
    const role = member && effectiveRole(member, context.principal);
    return ok({
      organizationId: organization.id,
      slug: organization.slug,
      role,
      isAdmin: context.actor.isGlobalAdmin || role === 'admin' || role === 'owner',
    });
  }

  /** Returns whether a user is owner, admin or global admin now, for work that continues after their request. */
  async isAdmin(organizationId: string, userId: string): Promise<Result<boolean, DomainError>> {
    const current = await this.access.current();
    if (!current.ok) return current;
    const organization = current.value.organizations.get(organizationId);
    const role = organization && activeMember(organization, userId, this.clock.now())?.role;
    const user = current.value.users.get(userId);
    if (user?.suspended) return ok(false);
    return ok(role === 'owner' || role === 'admin' || user?.globalRole === 'admin');
  }

  async slugOf(organizationId: string): Promise<string> {
    const current = await this.access.current();
    return (current.ok && current.value.organizations.get(organizationId)?.slug) || organizationId;
  }

  /** Returns a function from ids to the email address or name to show, or `platform` for the platform itself. */
  async namesOf(ids: readonly string[], context: OrganizationContext): Promise<(id: string) => string> {
    const people = [...new Set(ids)].filter((id) => id !== '' && !id.startsWith('system:'));
    const known = new Map<string, string>();
    const current = await this.access.current();
    const members = current.ok ? current.value.organizations.get(context.organizationId)?.members : undefined;
    for (const id of people) {
      const name = members?.get(id)?.name;
      if (name !== undefined) known.set(id, name);
    }
    const asked = await peopleById(
      this.bus,
      people.filter((id) => !known.has(id)),
      this.own(context),
    );
    // If the names are unavailable, ids are shown: a view does not fail for that reason.
    for (const { id, email, name, erased } of asked.ok ? asked.value.values() : [])
      known.set(id, erased ? 'erased user' : (email ?? name ?? id));
    return (id) => (id.startsWith('system:') ? 'platform' : (known.get(id) ?? id));
  }

  /** Like `namesOf`, for ids that are not known yet. Requests each name once. */
  namesIn(context: OrganizationContext): (id: string) => Promise<string> {
    const asked = new Map<string, Promise<string>>();
    return (id) => {
      const known = asked.get(id);
      if (known) return known;
      const name = this.namesOf([id], context).then((nameOf) => nameOf(id));
      asked.set(id, name);
      return name;
    };
  }

  /** Returns the tier that the plan assigns to profiles that name none. */
  async defaultTier(
    organizationId: string,
    cause: Pick<CommandContext, 'correlationId'>,
  ): Promise<Result<string, DomainError>> {
    const own = this.own({ ...cause, organizationId });
    const answer = await this.bus.request(plansOfRequest, { organizationIds: [organizationId] }, own);
    return answer.ok ? ok(answer.value.plans[organizationId]?.defaultTier ?? NEW_PLAN.defaultTier) : answer;
  }

  /** Returns the plan's name and defaults. Returns those of a new organization if billing does not respond. */
  async planOf(organizationId: string, context: OrganizationContext): Promise<PlanFacts> {
    const answer = await this.bus.request(plansOfRequest, { organizationIds: [organizationId] }, this.own(context));
    const plan = answer.ok ? answer.value.plans[organizationId] : undefined;
    return {
      plan: plan?.plan ?? NEW_PLAN.plan,
      defaultTier: plan?.defaultTier ?? NEW_PLAN.defaultTier,
      pricingUrl: answer.ok ? answer.value.pricingUrl : '',
    };
  }

  private own({
    correlationId,
    organizationId,
  }: Pick<OrganizationContext, 'correlationId' | 'organizationId'>): RequestContext {
    return this.bus.own({ correlationId, organizationId, timeoutMs: TIMEOUT_MS });
  }
}
