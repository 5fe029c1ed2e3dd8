import { can, principalId, type Directory, type Permission, type Principal } from '#access';
import type { ChangeKind } from '#audit/contract';
import type { ChangedObject } from './changed-object.ts';

/** The permission with which objects of a kind are read. */
const READ_WITH: Readonly<Record<ChangeKind, Permission>> = {
  organization: 'organization.read',
  member: 'organization.read',
  invitation: 'members.manage',
  'access-key': 'keys.others',
  subscription: 'organization.read',
  usage: 'organization.read',
  application: 'application.read',
  secret: 'application.read',
  webhook: 'application.deploy',
  profile: 'profile.read',
  cluster: 'cluster.read',
  'cluster-access': 'cluster.manage',
  credential: 'credentials.manage',
};

/**
 * Returns whether a caller may know that an object has changed: if they may read it, or if it is their own access key.
 *
 * @param nowMs milliseconds since 1970, for rights that expire
 */
export function sees(
  { principal, organizationId }: { readonly principal: Principal; readonly organizationId: string },
  { kind, id }: ChangedObject,
  directory: Directory,
  nowMs: number,
): boolean {
  const isOwnKey = kind === 'access-key' && directory.keysById.get(id)?.created.memberId === principalId(principal);
  const permission = isOwnKey ? 'keys.own' : READ_WITH[kind];
  return can(principal, permission, { organizationId }, directory, nowMs).allowed;
}
