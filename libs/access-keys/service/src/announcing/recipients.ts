import { activeMember, type AccessKeyCreated, type Directory } from '#access';

/** Who is told about the end of a key. */
export interface Recipients {
  readonly userIds: readonly string[];
  /** Slug of the organization. */
  readonly organization: string;
  /** Name of the service member that the key acts for; absent for a key of a person. */
  readonly serviceMember?: string;
}

/**
 * Returns the owner of a key, or the owners of the organization if the key acts for a service member. Nobody, if the key
 * cannot be used now: its member is suspended, or has left.
 */
export function recipientsOf(
  { memberId, memberKind }: AccessKeyCreated,
  organizationId: string,
  directory: Directory,
  nowMs: number,
): Recipients | undefined {
  const organization = directory.organization(organizationId);
  if (organization?.status !== 'ACTIVE') return undefined;
  const canLogIn = (userId: string) => directory.users.get(userId)?.suspended === false;
  const member = activeMember(organization, memberId, nowMs);
  if (!member) return undefined;
  const { slug } = organization;
  if (memberKind === 'person') return canLogIn(memberId) ? { userIds: [memberId], organization: slug } : undefined;
  const owners = [...organization.members.keys()].filter((id) => {
    const { kind, role } = activeMember(organization, id, nowMs) ?? {};
    return kind === 'person' && role === 'owner' && canLogIn(id);
  });
  return owners.length === 0
    ? undefined
    : { userIds: owners, organization: slug, serviceMember: member.name ?? memberId };
}
