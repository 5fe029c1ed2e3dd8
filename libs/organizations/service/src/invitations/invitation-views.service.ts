import type { Directory } from '#access';
import { BUS, type Bus, type RequestContext } from '#bus';
import { READ_MODELS, type ReadModels } from '#event-sourcing';
import { addressesRequest, ownAddressRequest, peopleById } from '#identity/contract';
import { CLOCK, ok, type Clock, type DomainError, type Result } from '#kernel';
import type { InvitationView, OwnInvitationView } from '#organizations/contract';
import { Inject, Injectable } from '@nestjs/common';
import { invitationsProjection, type ListedInvitation } from './invitations.projection.ts';

/** Invitations as the API returns them, and those of one person. */
@Injectable()
export class InvitationViews {
  constructor(
    @Inject(READ_MODELS) private readonly readModels: ReadModels,
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Returns views for admins. A name or an address that cannot be looked up is `null`. */
  async forAdmins(invitations: readonly ListedInvitation[], context: RequestContext): Promise<InvitationView[]> {
    const emails = await this.emailsOf(
      invitations.map(({ addressId }) => addressId),
      context,
    );
    const inviters = await this.inviters(invitations, context);
    const nowMs = this.clock.now();
    return invitations.map(({ id, addressId, role, audit, auditUntil, state, createdAt, expiresAt, invitedBy }) => ({
      id,
      email: emails.get(addressId) ?? null,
      role,
      audit,
      auditUntil,
      state: state === 'PENDING' && nowMs >= Date.parse(expiresAt) ? 'EXPIRED' : state,
      createdAt,
      expiresAt,
      invitedById: invitedBy,
      invitedBy: inviters(invitedBy),
    }));
  }

  /** Returns e-mail addresses by their IDs, without those that cannot be looked up. */
  async emailsOf(addressIds: readonly string[], context: RequestContext): Promise<ReadonlyMap<string, string>> {
    const ids = [...new Set(addressIds)];
    if (ids.length === 0) return new Map();
    const found = await this.bus.request(addressesRequest, { addressIds: ids }, this.bus.own(context));
    return new Map(found.ok ? found.value.addresses.map(({ addressId, email }) => [addressId, email] as const) : []);
  }

  /** Returns views for the invited person. Invitations of deleted organizations are omitted. */
  async forInvited(
    invitations: readonly ListedInvitation[],
    directory: Directory,
    context: RequestContext,
  ): Promise<OwnInvitationView[]> {
    const inviters = await this.inviters(invitations, context);
    return invitations.flatMap(({ id, organizationId, role, audit, auditUntil, expiresAt, invitedBy }) => {
      const organization = directory.organization(organizationId);
      if (!organization) return [];
      const { slug, name } = organization;
      const own = { id, role, audit, auditUntil, expiresAt, invitedBy: inviters(invitedBy) };
      return [{ ...own, organization: { id: organizationId, slug, name } }];
    });
  }

  /** Returns the invitations that a user can accept now: those of the verified address. */
  async pendingOf(
    userId: string,
    directory: Directory,
    context: RequestContext,
  ): Promise<Result<readonly ListedInvitation[], DomainError>> {
    const own = await this.bus.request(ownAddressRequest, { userId }, this.bus.own(context));
    if (!own.ok) return own;
    const { addressId } = own.value;
    if (addressId === null) return ok([]);
    const query = { where: { addressId }, sort: { field: 'createdAt', direction: 'ascending' }, limit: 500 } as const;
    const found = await this.readModels.find(invitationsProjection, query, context.consistency);
    if (!found.ok) return found;
    const nowMs = this.clock.now();
    return ok(
      found.value.items
        .map(({ document }) => document)
        .filter(({ state, expiresAt }) => state === 'PENDING' && nowMs < Date.parse(expiresAt))
        .filter(({ organizationId }) => directory.organization(organizationId)?.status === 'ACTIVE'),
    );
  }

  private async inviters(
    invitations: readonly ListedInvitation[],
    context: RequestContext,
  ): Promise<(id: string) => string | null> {
    const people = await peopleById(this.bus, [...new Set(invitations.map(({ invitedBy }) => invitedBy))], context);
    return (id) => {
      const person = people.ok ? people.value.get(id) : undefined;
      return person?.email ?? person?.name ?? null;
    };
  }
}
