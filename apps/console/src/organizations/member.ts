import type { OutputOf } from '#bus/contract';
import type { listMembersRequest, MemberLoss } from '#organizations/contract';

export type Member = OutputOf<typeof listMembersRequest>['items'][number];

/** Returns how people know a member: address, name, or ID. */
export const memberName = ({ email, name, id }: Pick<Member, 'email' | 'name' | 'id'>): string => email ?? name ?? id;

/** Returns how requests and commands identify a member. */
export const memberReference = ({ kind, name, id }: Pick<Member, 'kind' | 'name' | 'id'>): string =>
  kind === 'service' ? `service:${name ?? id}` : id;

/** What a member loses, in sentences. */
export interface LossSummary {
  readonly endingKeys: readonly string[];
  readonly weakerKeys: readonly string[];
  readonly permissions: readonly string[];
  readonly invitations: readonly string[];
  readonly isNothing: boolean;
}

/** Returns what a member loses, as it is shown before the change. */
export function lossSummary({ audit, permissions, keys, invitations }: MemberLoss): LossSummary {
  return {
    endingKeys: keys.filter(({ role }) => role === null).map(({ name, id }) => `${name} (${id})`),
    weakerKeys: keys.flatMap(({ name, id, role }) =>
      role === null ? [] : [`${name} (${id}), only ${role} from then on`],
    ),
    permissions,
    invitations,
    isNothing: !audit && permissions.length === 0 && keys.length === 0 && invitations.length === 0,
  };
}
