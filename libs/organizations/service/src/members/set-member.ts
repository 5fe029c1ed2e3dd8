import { mayGrant, type Role } from '#access';
import { err, ok, type Actor, type Result } from '#kernel';
import { ownersOf, seatsUsed, type Organization } from '../organization.ts';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import type { OrganizationEvent } from '../organization.events.ts';
import { needsLogin, actingRole } from './acting-role.ts';

export interface SetMember {
  readonly type: 'set-member';
  /** A user id, or the id that a new service member of this name gets. */
  readonly memberId: string;
  readonly kind: 'person' | 'service';
  readonly role: Role;
  /** Of a service member; one of that name that exists already is meant, whatever `memberId` says. */
  readonly name?: string;
  /** How the request names somebody who must be a member already: only the role is changed. */
  readonly changing?: string;
}

/**
 * Adds a member, or changes a member's role. A repeat succeeds and records nothing: a caller whose reply was lost must
 * be able to retry. The actor's role is decided here again from the folded state.
 */
export function setMember(
  command: SetMember,
  organization: Organization,
  actor: Actor,
): Result<readonly OrganizationEvent[], OrganizationError> {
  if (organization.status === 'absent' || organization.status === 'deleted') return err(organizationErrors.notFound());

  const { members, seatLimit } = organization;
  const { role } = command;
  const memberId = memberIdOf(command, organization.members);
  const current = members.get(memberId)?.role;
  const own = actingRole(actor, organization);

  if (!mayGrant(own, 'admin')) return err(organizationErrors.mayNotManageMembers());
  if (actor.key !== undefined && (needsLogin(role) || needsLogin(current)))
    return err(organizationErrors.loginRequired());
  if (!mayGrant(own, role)) return err(organizationErrors.mayNotGrant(role));
  if (current !== undefined && !mayGrant(own, current)) return err(organizationErrors.mayNotGrant(current));
  if (organization.status === 'deleting') return err(organizationErrors.isDeleting());
  if (command.kind === 'service' && role === 'owner') return err(organizationErrors.serviceOwner());
  if (current === role) return ok([]);
  if (current === 'owner' && ownersOf(members).length === 1) return err(organizationErrors.lastOwner());
  if (current !== undefined) return ok([{ type: 'organization.member-role-changed.v1', data: { memberId, role } }]);

  if (command.changing !== undefined) return err(organizationErrors.noSuchMember(command.changing));
  const used = seatsUsed(members);
  if (command.kind === 'person' && used >= seatLimit) return err(organizationErrors.seatLimit(seatLimit, used));
  const { kind, name } = command;
  return ok([
    { type: 'organization.member-added.v1', data: { memberId, kind, role, ...(name !== undefined && { name }) } },
  ]);
}

/** Service members are known by name within their organization; persons by their user id. */
export function memberIdOf(
  wanted: Pick<SetMember, 'memberId' | 'kind' | 'name'>,
  members: ReadonlyMap<string, { readonly kind: string; readonly name?: string }>,
): string {
  if (wanted.kind === 'person') return wanted.memberId;
  return [...members].find(([, { kind, name }]) => kind === 'service' && name === wanted.name)?.[0] ?? wanted.memberId;
}
