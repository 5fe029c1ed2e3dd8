import { DEFAULT_SETTINGS, type OrganizationSettings, type Role } from '#access';
import { assertNever } from '#kernel';
import type { OrganizationEvent } from './organization.events.ts';

/** A member of an organization. */
export interface Member {
  readonly kind: 'person' | 'service';
  readonly role: Role;
  /** Name of a service member. No event contains the name of a person. */
  readonly name?: string;
  /** When the membership ends, RFC 3339. Absent: it does not end. */
  readonly until?: string;
  /** The right `audit`, and when it ends. Absent: the member does not have it. */
  readonly audit?: { readonly until?: string };
}

/** An invitation. Whether a pending one has expired is determined when it is read. */
export interface Invitation {
  readonly addressId: string;
  readonly role: Role;
  readonly audit: boolean;
  readonly auditUntil?: string;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
  readonly tokenDigest: string;
  readonly invitedBy: string;
  readonly state: 'PENDING' | 'ACCEPTED' | 'DECLINED' | 'REVOKED';
}

/** State of an organization that exists. */
export interface ActiveOrganization {
  readonly status: 'active' | 'deleting';
  readonly name: string;
  readonly slug: string;
  readonly members: ReadonlyMap<string, Member>;
  readonly invitations: ReadonlyMap<string, Invitation>;
  readonly seatLimit: number;
  readonly settings: OrganizationSettings;
  /** What its deletion takes with it. Absent while the status is `active`. */
  readonly deletion?: { readonly cascade: boolean; readonly orphan: boolean };
}

/** An organization that was deleted. It has the names that are released then. */
export interface DeletedOrganization {
  readonly status: 'deleted';
  readonly name?: string;
  readonly slug?: string;
}

/** State that decisions need. Data that is only displayed is in the read models. */
export type Organization = { readonly status: 'absent' } | ActiveOrganization | DeletedOrganization;

export const initialState: Organization = { status: 'absent' };

/** Returns the state after the event. */
export function evolve(state: Organization, event: OrganizationEvent): Organization {
  switch (event.type) {
    case 'organization.created.v1': {
      const { name, slug, ownerId } = event.data;
      const members = new Map([[ownerId, { kind: 'person', role: 'owner' } as const]]);
      const invitations = new Map();
      return { status: 'active', name, slug, members, invitations, seatLimit: 1, settings: DEFAULT_SETTINGS };
    }
    case 'organization.renamed.v1':
      return isActive(state) ? { ...state, ...event.data } : state;
    case 'organization.settings-set.v1':
      return isActive(state) ? { ...state, settings: { ...state.settings, ...event.data } } : state;
    case 'organization.member-added.v1': {
      const { memberId, ...member } = event.data;
      return withMembers(state, (members) => members.set(memberId, member));
    }
    case 'organization.member-role-changed.v1':
      return withMember(state, event.data.memberId, ({ until: _, ...member }) => {
        const { role, until } = event.data;
        return { ...member, role, ...(until !== undefined && { until }) };
      });
    case 'organization.member-removed.v1':
      return withMembers(state, (members) => members.delete(event.data.memberId));
    case 'organization.seat-limit-set.v1':
      return isActive(state) ? { ...state, seatLimit: event.data.limit } : state;
    case 'organization.deletion-requested.v1':
      if (!isActive(state)) return state;
      return {
        ...state,
        status: 'deleting',
        deletion: {
          cascade: event.data.cascade === true || state.deletion?.cascade === true,
          orphan: event.data.orphan === true || state.deletion?.orphan === true,
        },
      };
    case 'organization.deleted.v1':
      return isActive(state) ? { status: 'deleted', name: state.name, slug: state.slug } : { status: 'deleted' };
    case 'organization.audit-right-set.v1':
      return withMember(state, event.data.memberId, ({ audit: _, ...member }) => {
        const { granted, until } = event.data;
        return granted ? { ...member, audit: until === undefined ? {} : { until } } : member;
      });
    case 'organization.member-invited.v1': {
      const {
        invitationId,
        addressId,
        role,
        audit = false,
        auditUntil,
        expiresAt,
        tokenDigest,
        invitedBy,
      } = event.data;
      return withInvitation(state, invitationId, {
        addressId,
        role,
        audit,
        ...(auditUntil !== undefined && { auditUntil }),
        expiresAtMs: Date.parse(expiresAt),
        tokenDigest,
        invitedBy,
        state: 'PENDING',
      });
    }
    case 'organization.invitation-resent.v1': {
      const { invitationId, expiresAt, tokenDigest, invitedBy } = event.data;
      return withInvitation(state, invitationId, { expiresAtMs: Date.parse(expiresAt), tokenDigest, invitedBy });
    }
    case 'organization.invitation-accepted.v1':
      return withInvitation(state, event.data.invitationId, { state: 'ACCEPTED' });
    case 'organization.invitation-declined.v1':
      return withInvitation(state, event.data.invitationId, { state: 'DECLINED' });
    case 'organization.invitation-revoked.v1':
      return withInvitation(state, event.data.invitationId, { state: 'REVOKED' });
    default:
      return assertNever(event);
  }
}

/** Returns whether the organization exists and was not deleted; it may be in deletion. */
export const isActive = (state: Organization): state is ActiveOrganization =>
  state.status === 'active' || state.status === 'deleting';

/** Returns the members by ID; empty if the organization does not exist or was deleted. */
export const membersOf = (state: Organization): ReadonlyMap<string, Member> =>
  isActive(state) ? state.members : new Map();

/** Returns whether a membership or right with this end, which may be absent, is in effect. */
export const isInEffect = (until: string | undefined, nowMs: number): boolean =>
  until === undefined || nowMs < Date.parse(until);

/** Returns whether the member is an owner whose membership does not end. Every organization has at least one. */
const isLastingOwner = (member: Member | undefined): boolean => member?.role === 'owner' && member.until === undefined;

/** Returns whether the organization would have no lasting owner with `changed` (absent: removed) in a member's place. */
export const losesLastOwner = (
  members: ReadonlyMap<string, Member>,
  memberId: string,
  changed?: Pick<Member, 'kind' | 'role' | 'until'>,
): boolean =>
  isLastingOwner(members.get(memberId)) &&
  !isLastingOwner(changed) &&
  ![...members].some(([id, member]) => id !== memberId && isLastingOwner(member));

/** Returns whether the invitation can be accepted. It expires at this check, not by an event. */
export const isPending = ({ state, expiresAtMs }: Pick<Invitation, 'state' | 'expiresAtMs'>, nowMs: number): boolean =>
  state === 'PENDING' && nowMs < expiresAtMs;

/** Returns the number of seats in use: people, and the invitations that can still be accepted at `nowMs`. */
export const seatsUsed = (
  { members, invitations }: Pick<ActiveOrganization, 'members' | 'invitations'>,
  nowMs: number,
): number =>
  [...members.values()].filter(({ kind }) => kind === 'person').length + pendingInvitations({ invitations }, nowMs);

/** Returns the number of invitations that can still be accepted at `nowMs`. */
export const pendingInvitations = ({ invitations }: Pick<ActiveOrganization, 'invitations'>, nowMs: number): number =>
  [...invitations.values()].filter((invitation) => isPending(invitation, nowMs)).length;

/** Adds an invitation, or changes an existing one. */
function withInvitation(state: Organization, id: string, change: Invitation | Partial<Invitation>): Organization {
  if (!isActive(state)) return state;
  const present = state.invitations.get(id);
  const invitations = new Map(state.invitations);
  if (present) invitations.set(id, { ...present, ...change });
  else if (isWhole(change)) invitations.set(id, change);
  return { ...state, invitations };
}

const isWhole = (invitation: Invitation | Partial<Invitation>): invitation is Invitation =>
  invitation.addressId !== undefined;

function withMember(state: Organization, id: string, change: (member: Member) => Member): Organization {
  return withMembers(state, (members) => {
    const member = members.get(id);
    if (member) members.set(id, change(member));
  });
}

function withMembers(state: Organization, change: (members: Map<string, Member>) => void): Organization {
  if (!isActive(state)) return state;
  const members = new Map(state.members);
  change(members);
  return { ...state, members };
}
