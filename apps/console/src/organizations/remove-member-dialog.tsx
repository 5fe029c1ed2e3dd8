import { Text } from '@mantine/core';
import { leaveOrganizationRequest, removeMemberRequest } from '#organizations/contract';
import { Confirm } from '../shared/confirm.tsx';
import { toast } from '../shared/toast.ts';
import { memberName, memberReference, type Member } from './member.ts';
import { MemberLosses } from './member-losses.tsx';

/** Removes a member, after it has shown what would be lost. */
export function RemoveMemberDialog({
  org,
  member,
  onClose,
}: {
  readonly org: string;
  readonly member: Member;
  readonly onClose: () => void;
}) {
  const name = memberName(member);
  return (
    <Confirm
      title={`Remove ${name}`}
      verb="Remove member"
      contract={removeMemberRequest}
      input={{ org, user: memberReference(member) }}
      command={['org', 'remove-user', member.kind === 'service' ? '--service' : '--user', name]}
      preview={({ lost }) => <MemberLosses lost={lost} />}
      onDone={() => toast(`${name} is no longer a member.`)}
      onClose={onClose}
    >
      <Text>{name} loses all access to the organization at once. What they deployed stays.</Text>
    </Confirm>
  );
}

/** Leaves the organization, after it has shown what would be lost. */
export function LeaveDialog({ org, onClose }: { readonly org: string; readonly onClose: () => void }) {
  return (
    <Confirm
      title="Leave the organization"
      verb="Leave organization"
      contract={leaveOrganizationRequest}
      input={{ org }}
      command={['org', 'leave']}
      preview={({ lost }) => <MemberLosses lost={lost} />}
      onDone={() => location.assign('/')} // nothing of the organization can be read again
      onClose={onClose}
    >
      <Text>You lose all access at once. To come back, somebody must invite you.</Text>
    </Confirm>
  );
}
