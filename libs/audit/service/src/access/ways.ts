import {
  can,
  endedKey,
  PERMISSIONS,
  type Decision,
  type Moment,
  type Permission,
  type Principal,
  type RightsHistory,
  type RightsTable,
  type Role,
} from '#access';
import { accessErrors } from './access.errors.ts';
import type { IssuedKubeconfig, ObjectHistory } from './object-history.ts';

/** A question about a permission, at any time. */
export interface AccessQuestion {
  readonly organizationId: string;
  readonly permission: Permission;
  /** `application/NAME`, `profile/NAME`, or `cluster/NAME`. */
  readonly object: string | undefined;
  /** The rules of each time, or those of this release for all times. */
  readonly rules: 'then' | 'current';
}

/** A way in which somebody has a permission, for as long as nothing about it changes. */
export interface Way {
  readonly memberId: string;
  readonly kind: 'person' | 'service';
  readonly way: 'role' | 'audit' | 'key' | 'kubeconfig' | 'global-role';
  readonly role: Role | 'global-admin' | undefined;
  readonly keyId?: string;
  readonly clusterId?: string;
  /** ID of the event that granted it. */
  readonly grantedBy: string | undefined;
  readonly from: Moment;
  /** The first moment without it; undefined if it has no known end. */
  readonly to: Moment | undefined;
}

/** What the log says about rights and objects. */
export interface AccessPast {
  readonly rights: RightsHistory;
  readonly objects: ObjectHistory;
}

/** Returns the rules that apply to a question at a position, and the release that published them, if known. */
export function policyOf(
  { rights }: AccessPast,
  { rules }: Pick<AccessQuestion, 'rules'>,
  sequence: number,
): { readonly table: RightsTable; readonly release: string | undefined } {
  const published = rules === 'then' ? rights.policyAt(sequence) : undefined;
  return { table: published?.table ?? PERMISSIONS, release: published?.release };
}

/** Decides a question at a moment. A key that did not exist yet, was revoked, or has expired, grants nothing. */
export function decideAt(past: AccessPast, question: AccessQuestion, principal: Principal, at: Moment): Decision {
  const { organizationId, permission, object } = question;
  const rights = past.rights.rightsAt(at.sequence);
  const isProtected = object !== undefined && past.objects.isProtectedAt(organizationId, object, at.sequence) === true;
  const decision = can(
    principal,
    permission,
    { organizationId, isProtected },
    rights,
    at.nowMs,
    policyOf(past, question, at.sequence).table,
  );
  const ended = endedKey(principal, rights, at.nowMs);
  if (ended) return { allowed: false, reason: { permission, rule: 'no-rule' }, error: ended };
  return decision;
}

/**
 * Decides a question about a member with all that they have at a moment: a person with a login, a service member with
 * any of its keys.
 */
export function decideForMember(past: AccessPast, question: AccessQuestion, memberId: string, at: Moment): Decision {
  if (past.rights.isUser(memberId)) return decideAt(past, question, { kind: 'login', userId: memberId }, at);
  const { organizationId, permission } = question;
  // a key that has at most the role of its member, as every key does
  const key = { kind: 'key', memberId, memberKind: 'service', keyId: '', organizationId, role: 'owner' } as const;
  const byRole = decideAt(past, question, key, at);
  if (!byRole.allowed || waysOf(past, question, memberId).some((way) => isAt(way, at))) return byRole;
  const member = past.rights.rightsAt(at.sequence).organizations.get(organizationId)?.members.get(memberId);
  const error = accessErrors.noKey(permission, member?.name);
  return { allowed: false, reason: { permission, rule: 'no-rule' }, error };
}

/** Returns all ways in which a user or service member has ever had a permission, in order. */
export function waysOf(past: AccessPast, question: AccessQuestion, memberId: string): readonly Way[] {
  const { rights, objects } = past;
  const { organizationId, permission, object } = question;
  const keys = rights.keysOf(organizationId, memberId);
  const asPerson = rights.isUser(memberId) ? runsOf(past, question, { kind: 'login', userId: memberId }) : [];
  const withKeys = keys.flatMap(({ created: { keyId, memberKind, role } }) =>
    runsOf(past, question, { kind: 'key', memberId, memberKind, keyId, organizationId, role }),
  );
  const cluster = object?.startsWith('cluster/') ? object.slice('cluster/'.length) : undefined;
  const isAsked = permission === 'cluster.kubeconfig' && (object === undefined || cluster !== undefined);
  const kubeconfigs = isAsked
    ? objects.kubeconfigs(organizationId, cluster).filter((issued) => issued.memberId === memberId)
    : [];
  return [...asPerson, ...withKeys, ...kubeconfigs.map((issued) => kubeconfigWay(past, organizationId, issued))];
}

/** Returns the ways of everyone who has ever been able to have the permission. */
export const waysOfAll = (past: AccessPast, question: AccessQuestion): readonly Way[] =>
  [...past.rights.candidates(question.organizationId)].flatMap((memberId) => waysOf(past, question, memberId));

/** Returns whether somebody had a permission in this way at a moment. */
export const isAt = ({ from, to }: Way, at: Moment): boolean =>
  !isBefore(at, from) && (to === undefined || isBefore(at, to));

/** Returns whether somebody had a permission in this way at some time between two moments. */
export const isDuring = ({ from, to }: Way, start: Moment, end: Moment): boolean =>
  !isBefore(end, from) && (to === undefined || isBefore(start, to));

/** Decides at every moment of change, and joins what stays the same. */
function runsOf(
  past: AccessPast,
  question: AccessQuestion,
  principal: Extract<Principal, { readonly kind: 'login' | 'key' }>,
): Way[] {
  const { organizationId, object } = question;
  const { rights, objects } = past;
  const memberId = principal.kind === 'key' ? principal.memberId : principal.userId;
  const keyId = principal.kind === 'key' ? principal.keyId : undefined;
  const protection = object === undefined ? [] : objects.protectionChanges(organizationId, object);
  const moments = [
    ...rights.changes(organizationId, memberId, keyId),
    ...protection.map((sequence) => rights.momentAt(sequence)),
  ].toSorted(compare);
  const ways: Way[] = [];
  let open: Way | undefined;
  for (const at of moments) {
    const exists = keyId === undefined || rights.rightsAt(at.sequence).keysById.get(keyId) !== undefined;
    const decision = decideAt(past, question, principal, at);
    const way = exists && decision.allowed ? wayOf(past, principal, decision, at) : undefined;
    if (open && way && isSameWay(open, way)) continue;
    if (open) ways.push({ ...open, to: at });
    open = way;
  }
  return open ? [...ways, open] : ways;
}

function wayOf(
  { rights }: AccessPast,
  principal: Extract<Principal, { readonly kind: 'login' | 'key' }>,
  { reason }: Decision,
  from: Moment,
): Way {
  const { role, rule } = reason;
  if (principal.kind === 'key') {
    const { memberId, memberKind, keyId } = principal;
    const grantedBy = rights.rightsAt(from.sequence).keysById.get(keyId)?.grantedBy;
    return { memberId, kind: memberKind, way: 'key', role, keyId, grantedBy, from, to: undefined };
  }
  const way = rule === 'audit' ? 'audit' : rule === 'global-admin' ? 'global-role' : 'role';
  return { memberId: principal.userId, kind: 'person', way, role, grantedBy: reason.grantedBy, from, to: undefined };
}

function kubeconfigWay({ rights }: AccessPast, organizationId: string, issued: IssuedKubeconfig): Way {
  const { memberId, clusterId, eventId, from, expiresAtMs, endedAt } = issued;
  const expiry = rights.endAt(expiresAtMs) ?? { sequence: from, nowMs: expiresAtMs, isTime: true as const };
  const ended = endedAt === undefined ? undefined : rights.momentAt(endedAt);
  const member = rights.rightsAt(from).organizations.get(organizationId)?.members.get(memberId);
  return {
    memberId,
    kind: member?.kind ?? 'person',
    way: 'kubeconfig',
    role: member?.role,
    clusterId,
    grantedBy: eventId,
    from: rights.momentAt(from),
    to: ended && compare(ended, expiry) < 0 ? ended : expiry,
  };
}

const isSameWay = (a: Way, b: Way): boolean => a.way === b.way && a.role === b.role && a.grantedBy === b.grantedBy;

/** Returns whether a moment is before a change: by its position, or by its time if time alone causes the change. */
const isBefore = (at: Moment, change: Moment): boolean =>
  change.isTime ? at.nowMs < change.nowMs : compare(at, change) < 0;

const compare = (a: Moment, b: Moment): number => a.sequence - b.sequence || a.nowMs - b.nowMs;
