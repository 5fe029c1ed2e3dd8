import { mayGrant, type Role } from '#access';
import { err, ok, type Actor, type Result } from '#kernel';
import { ownersOf, seatsUsed, type Organization } from '../organization.ts';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import type { OrganizationEvent } from '../organization.events.ts';
import { needsLogin, actingRole } from './acting-role.ts';

/** Command: add a member, or change a member's role. */
export interface SetMember {
  readonly type: 'set-member';
  /** A user ID, or the ID to use if this adds a service member. */
  readonly memberId: string;
  readonly kind: 'person' | 'service';
  readonly role: Role;
  /** Name of a service member. An existing service member with this name takes precedence over `memberId`. */
  readonly name?: string;
  /** If set, only the role of an existing member changes; the value is how the request identifies the member. */
  readonly changing?: string;
  /** Milliseconds since 1970: expired invitations use no seat. */
  readonly nowMs: number;
}

/**
 * Adds a member, or changes a member's role. A repeated command succeeds and records nothing, so that a caller who did
 * not receive the response can retry. The actor's role is determined here again, from the stream.
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
  const used = seatsUsed(organization, command.nowMs);
  if (command.kind === 'person' && used >= seatLimit) return err(organizationErrors.seatLimit(seatLimit, used));
  const { kind, name } = command;
  return ok([
    { type: 'organization.member-added.v1', data: { memberId, kind, role, ...(name !== undefined && { name }) } },
  ]);
}

/**
 * Returns the ID of the member: service members are identified by name within their organization, people by user ID.
 */
export function memberIdOf(
  wanted: Pick<SetMember, 'memberId' | 'kind' | 'name'>,
  members: ReadonlyMap<string, { readonly kind: string; readonly name?: string }>,
): string {
  if (wanted.kind === 'person') return wanted.memberId;
  return [...members].find(([, { kind, name }]) => kind === 'service' && name === wanted.name)?.[0] ?? wanted.memberId;
}
