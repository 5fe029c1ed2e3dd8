import type { Role } from '#access';
import { err, ok, type Result } from '#kernel';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';
import type { AccessEnd, AccessLevel, ClusterEvent } from './cluster.events.ts';

/** A member whose account is, or may be, on a cluster. */
export interface MemberAccess {
  readonly access: AccessLevel;
  /** Number of the end that is under way: the account is to be deleted and is not known to be gone. */
  readonly ending: number | null;
  /** Why it could not be deleted when that was tried last. */
  readonly failure: string | null;
}

/** Accounts of members on one cluster. */
export interface MemberAccesses {
  readonly members: ReadonlyMap<string, MemberAccess>;
  /** Ends that began, ever. */
  readonly ends: number;
}

export const noAccesses: MemberAccesses = { members: new Map(), ends: 0 };

/**
 * An account has one level for its whole life: what its tokens may do never grows or shrinks. Another level is another
 * account, made when the one before is gone.
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
      /** Access up to this level stays; left out: none does. */
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

/** What a role in the organization gives on its clusters. A global admin has what their role as a member gives. */
export const accessOf = (role: Role | undefined): AccessLevel | undefined => role && OF_ROLE[role];

/** Whether one level gives more than another. */
export const exceeds = (access: AccessLevel, upTo: AccessLevel | undefined): boolean =>
  upTo === undefined || RANK[access] > RANK[upTo];

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
 * A token was given out by the cluster. Where the access ended in the meantime, the account was made again after its end: it
 * is to be deleted once more, and no token leaves.
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
