import { PERMISSIONS, weaker, type DirectoryKey, type Role } from '#access';
import type { MemberLoss } from '#organizations/contract';
import { isInEffect, isPending, type Invitation, type Member } from '../organization.ts';
import { mayInvite } from './acting-role.ts';

/** A membership before and after a change; undefined where there is none. */
export interface MemberChange {
  readonly memberId: string;
  readonly before: Member | undefined;
  readonly after: Member | undefined;
}

/** Objects of the member whose rights depend on the membership. */
export interface DependingRights {
  /** Keys of the member in the organization. */
  readonly keys: readonly DirectoryKey[];
  /** All invitations of the organization, by ID. */
  readonly invitations: ReadonlyMap<string, Invitation>;
}

/**
 * Returns what a member loses by a change: permissions, the role of keys, and invitations.
 *
 * @param nowMs milliseconds since 1970
 */
export function memberLoss(
  { memberId, before, after }: MemberChange,
  { keys, invitations }: DependingRights,
  nowMs: number,
): MemberLoss {
  const [from, to] = [before, after].map((member) => (member && isInEffect(member.until, nowMs) ? member : undefined));
  const [former, left] = [permissionsOf(from, nowMs), permissionsOf(to, nowMs)];
  const weakened = from === undefined ? [] : keys.filter((key) => !key.revoked && nowMs < key.expiresAtMs);
  return {
    role: from?.role ?? null,
    audit: mayAudit(from, nowMs),
    permissions: [...former].filter((permission) => !left.has(permission)),
    keys: weakened.flatMap(({ created: { keyId, name, role } }) => {
      const remaining = to ? weaker(role, to.role) : null;
      return from && remaining === weaker(role, from.role) ? [] : [{ id: keyId, name, role: remaining }];
    }),
    invitations: [...invitations]
      .filter(([, invitation]) => invitation.invitedBy === memberId && isPending(invitation, nowMs))
      .filter(([, { role }]) => mayInvite(from, role) && !mayInvite(to, role))
      .map(([id]) => id),
  };
}

const mayAudit = (member: Member | undefined, nowMs: number): boolean =>
  member?.audit !== undefined && isInEffect(member.audit.until, nowMs);

function permissionsOf(member: Member | undefined, nowMs: number): ReadonlySet<string> {
  if (member === undefined) return new Set();
  const rules = Object.entries(PERMISSIONS).filter(
    ([, { roles, audit }]) => (roles as readonly Role[]).includes(member.role) || (audit && mayAudit(member, nowMs)),
  );
  return new Set(rules.map(([permission]) => permission));
}
