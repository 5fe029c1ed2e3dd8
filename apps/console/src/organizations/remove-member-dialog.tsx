import { Text } from '@mantine/core';
import { leaveOrganizationRequest, removeMemberRequest } from '#organizations/contract';
import { commandLine } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Confirm } from '../shared/dialogs.tsx';
import { useCommand, useDryRun } from '../shared/queries.ts';
import { toast } from '../shared/toast.ts';
import { WhatWouldChange } from '../shared/what-would-change.tsx';
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
  const input = { org, user: memberReference(member) };
  const name = memberName(member);
  const remove = useCommand(removeMemberRequest);
  const dryRun = useDryRun(removeMemberRequest, input, remove);
  const confirm = async () => {
    if (!(await remove.run(input))) return;
    toast(`${name} is no longer a member.`);
    onClose();
  };
  const [flag, value] = member.kind === 'service' ? ['--service', member.name ?? member.id] : ['--user', name];
  return (
    <Confirm
      title={`Remove ${name}`}
      verb="Remove member"
      isWaiting={dryRun.data === undefined}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <Text>{name} loses all access to the organization at once. What they deployed stays.</Text>
      <WhatWouldChange dryRun={dryRun}>{({ lost }) => <MemberLosses lost={lost} />}</WhatWouldChange>
      <CopyCommand command={commandLine('org', 'remove-user', flag, value, '--org', org)} />
    </Confirm>
  );
}

/** Leaves the organization, after it has shown what would be lost. */
export function LeaveDialog({ org, onClose }: { readonly org: string; readonly onClose: () => void }) {
  const leave = useCommand(leaveOrganizationRequest);
  const dryRun = useDryRun(leaveOrganizationRequest, { org }, leave);
  const confirm = async () => {
    if (await leave.run({ org })) location.assign('/'); // nothing of the organization can be read again
  };
  return (
    <Confirm
      title="Leave the organization"
      verb="Leave organization"
      isWaiting={dryRun.data === undefined}
      isPending={leave.isPending}
      error={leave.error}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <Text>You lose all access at once. To come back, somebody must invite you.</Text>
      <WhatWouldChange dryRun={dryRun}>{({ lost }) => <MemberLosses lost={lost} />}</WhatWouldChange>
      <CopyCommand command={commandLine('org', 'leave', '--org', org)} />
    </Confirm>
  );
}
