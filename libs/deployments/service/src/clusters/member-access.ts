import type { Role } from '#access';
import { err, ok, type Result } from '#kernel';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';
import type { AccessEnd, AccessLevel, ClusterEvent } from './cluster.events.ts';

/** A member whose account is or may be on a cluster. */
export interface MemberAccess {
  readonly access: AccessLevel;
  /** Number of the end in progress: the account is being deleted. Null if there is none. */
  readonly ending: number | null;
  /** Error code of the last attempt to delete the account. */
  readonly failure: string | null;
}

/** Accounts of members on one cluster. */
export interface MemberAccesses {
  readonly members: ReadonlyMap<string, MemberAccess>;
  /** Number of ends so far. */
  readonly ends: number;
}

/** Accesses of a cluster to which no member has access. */
export const noAccesses: MemberAccesses = { members: new Map(), ends: 0 };

/**
 * The level of an account never changes, and so neither do the rights of its tokens. For another level, the account is
 * deleted and a new one is created.
 */
export type AccessCommand =
  | { readonly type: 'grant-access'; readonly memberId: string; readonly access: AccessLevel }
  | {
      readonly type: 'record-kubeconfig';
      readonly memberId: string;
      readonly access: AccessLevel;
      readonly namespaces: number;
      readonly expiresAt: string;
    }
  | {
      readonly type: 'end-access';
      readonly memberId: string;
      /** Access up to this level is kept. If absent, none is. */
      readonly upTo?: AccessLevel;
      readonly cause: AccessEnd;
    }
  | { readonly type: 'note-access-failure'; readonly memberId: string; readonly code: string }
  | { readonly type: 'record-access-ended'; readonly memberId: string; readonly number: number };

type Outcome = Result<readonly ClusterEvent[], DeploymentsError>;
type AccessEvent = Extract<
  ClusterEvent,
  { readonly type: `cluster.access-${string}` | 'cluster.kubeconfig-issued.v1' }
>;

const RANK: Readonly<Record<AccessLevel, number>> = { view: 1, edit: 2, cluster: 3 };

const OF_ROLE: Readonly<Record<Role, AccessLevel>> = {
  owner: 'cluster',
  admin: 'cluster',
  editor: 'edit',
  viewer: 'view',
};

/**
 * Returns the access that a role in the organization grants to one of its clusters. A global admin has that of their role
 * as a member. On the cluster that the platform runs in, nobody gets more than access to the namespaces of applications:
 * an administrator of that cluster can read the keys and the data of all organizations.
 */
export function accessOf(role: Role | undefined, cluster: { readonly isOwn: boolean }): AccessLevel | undefined {
  const access = role && OF_ROLE[role];
  return access === 'cluster' && cluster.isOwn ? 'edit' : access;
}

/** Returns whether one level grants more than another. */
export const exceeds = (access: AccessLevel, upTo: AccessLevel | undefined): boolean =>
  upTo === undefined || RANK[access] > RANK[upTo];

/** Applies an event to the accesses. */
export function evolveAccesses(accesses: MemberAccesses, event: AccessEvent): MemberAccesses {
  const members = new Map(accesses.members);
  const { memberId } = event.data;
  const present = members.get(memberId);
  switch (event.type) {
    case 'cluster.access-granted.v1':
    case 'cluster.kubeconfig-issued.v1': // alone in what earlier releases wrote
      members.set(memberId, { access: event.data.access, ending: null, failure: null });
      return { ...accesses, members };
    case 'cluster.access-ending.v1':
      members.set(memberId, { access: present?.access ?? 'cluster', ending: event.data.number, failure: null });
      return { members, ends: event.data.number };
    case 'cluster.access-end-failed.v1':
      if (present) members.set(memberId, { ...present, failure: event.data.code });
      return { ...accesses, members };
    case 'cluster.access-ended.v1':
      members.delete(memberId);
      return { ...accesses, members };
  }
}

/** Decides about the access of one member. */
export function decideAccess(command: AccessCommand, { members, ends }: MemberAccesses, cluster: string): Outcome {
  const { memberId } = command;
  const present = members.get(memberId);
  switch (command.type) {
    case 'grant-access': {
      const { access } = command;
      if (!present) return ok([{ type: 'cluster.access-granted.v1', data: { memberId, access } }]);
      return present.ending === null && present.access === access
        ? ok([])
        : err(deploymentsErrors.accessEnding(cluster));
    }
    case 'record-kubeconfig':
      return recordKubeconfig(command, present, ends);
    case 'end-access': {
      const { upTo, cause } = command;
      if (!present || present.ending !== null || !exceeds(present.access, upTo)) return ok([]);
      return ok([{ type: 'cluster.access-ending.v1', data: { memberId, number: ends + 1, cause } }]);
    }
    case 'note-access-failure': {
      const { code } = command;
      if (!present || present.ending === null || present.failure === code) return ok([]);
      return ok([{ type: 'cluster.access-end-failed.v1', data: { memberId, code } }]);
    }
    case 'record-access-ended':
      return ok(present?.ending === command.number ? [{ type: 'cluster.access-ended.v1', data: { memberId } }] : []);
  }
}

/**
 * Records a token that the cluster created. If the access ended in the meantime, the cluster has created the account
 * again: it is deleted once more, and the token is not returned.
 */
function recordKubeconfig(
  { memberId, access, namespaces, expiresAt }: Extract<AccessCommand, { readonly type: 'record-kubeconfig' }>,
  present: MemberAccess | undefined,
  ends: number,
): Outcome {
  if (present?.ending === null && present.access === access)
    return ok([{ type: 'cluster.kubeconfig-issued.v1', data: { memberId, access, namespaces, expiresAt } }]);
  const cause = present?.ending === null ? 'other-level' : 'removed';
  return ok([{ type: 'cluster.access-ending.v1', data: { memberId, number: ends + 1, cause } }]);
}
