import { mayGrant, type Role } from '#access';
import { err, ok, type Actor, type Result } from '#kernel';
import { isInEffect, losesLastOwner, seatsUsed, type Member, type Organization } from '../organization.ts';
import { organizationErrors, type OrganizationError } from '../organization.errors.ts';
import type { OrganizationEvent } from '../organization.events.ts';
import { actingRole, actingUntil, endsBy, loginRefusal, needsLogin, onlyReduces } from './acting-role.ts';

/** Command: add a member, or change a member's role. */
export interface SetMember {
  readonly type: 'set-member';
  /** A user ID, or the ID to use if this adds a service member. */
  readonly memberId: string;
  readonly kind: 'person' | 'service';
  readonly role: Role;
  /** When the membership ends, RFC 3339. Absent: it does not end. */
  readonly until?: string;
  /** The right `audit`, with an end or without; `null` removes it. Absent: unchanged. */
  readonly audit?: { readonly until?: string } | null;
  /** Name of a service member. An existing service member with this name takes precedence over `memberId`. */
  readonly name?: string;
  /** If set, only the role of an existing member changes; the value is how the request identifies the member. */
  readonly changing?: string;
  /** Milliseconds since 1970: roles end, and expired invitations use no seat. */
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
  const { role, until, audit, nowMs } = command;
  const memberId = memberIdOf(command, organization.members);
  const current = members.get(memberId);
  const own = actingRole(actor, organization, nowMs);
  const changesAudit = audit !== undefined && !sameAudit(audit, current?.audit);

  if (!mayGrant(own, 'admin')) return err(organizationErrors.mayNotManageMembers());
  const requiresLogin = needsLogin(role) || needsLogin(current?.role) || changesAudit;
  const withoutLogin = requiresLogin ? loginRefusal(actor) : undefined;
  if (withoutLogin) return err(withoutLogin);
  if (!mayGrant(own, role)) return err(organizationErrors.mayNotGrant(role));
  if (current !== undefined && !mayGrant(own, current.role)) return err(organizationErrors.mayNotGrant(current.role));
  if (organization.status === 'deleting') return err(organizationErrors.isDeleting());
  if (command.kind === 'service' && role === 'owner') return err(organizationErrors.serviceOwner());
  const changesRole = current?.role !== role || current.until !== until;
  if (!changesRole && !changesAudit) return ok([]);
  if ((changesRole && !isInEffect(until, nowMs)) || (changesAudit && !isInEffect(audit?.until, nowMs)))
    return err(organizationErrors.untilPast());
  const limit = actingUntil(actor, organization);
  if (changesRole && !onlyReduces(current, role, until) && !endsBy(until, limit))
    return err(organizationErrors.mayNotGrantLonger(limit));
  if (changesAudit && audit && !endsBy(audit.until, limit)) return err(organizationErrors.mayNotGrantLonger(limit));
  const next = { kind: command.kind, role, ...(until !== undefined && { until }) };
  if (losesLastOwner(members, memberId, next)) return err(organizationErrors.lastOwner());
  const ofAudit = changesAudit
    ? [{ type: 'organization.audit-right-set.v1', data: { memberId, granted: audit !== null, ...audit } } as const]
    : [];
  if (current !== undefined) {
    const data = { memberId, role, ...(until !== undefined && { until }) };
    const ofRole = changesRole ? [{ type: 'organization.member-role-changed.v1', data } as const] : [];
    return ok([...ofRole, ...ofAudit]);
  }

  if (command.changing !== undefined) return err(organizationErrors.noSuchMember(command.changing));
  const used = seatsUsed(organization, nowMs);
  if (command.kind === 'person' && used >= seatLimit) return err(organizationErrors.seatLimit(seatLimit, used));
  const { name } = command;
  return ok([
    { type: 'organization.member-added.v1', data: { memberId, ...next, ...(name !== undefined && { name }) } },
    ...ofAudit,
  ]);
}

/** Returns whether the right `audit` would stay as it is. */
const sameAudit = (wanted: Member['audit'] | null, present: Member['audit']): boolean =>
  (wanted ?? undefined) === undefined
    ? present === undefined
    : present !== undefined && wanted?.until === present.until;

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
