import { Stack, Text } from '@mantine/core';
import { setMemberRequest } from '#organizations/contract';
import { useState } from 'react';
import { commandLine, flagOf } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Confirm } from '../shared/dialogs.tsx';
import { useCommand, useDryRun } from '../shared/queries.ts';
import { useRights } from '../shared/rights.ts';
import { RoleSelect } from '../shared/role-select.tsx';
import { toast } from '../shared/toast.ts';
import { WhatWouldChange } from '../shared/what-would-change.tsx';
import { AuditRight } from './audit-right.tsx';
import { DateField } from './date-field.tsx';
import { memberName, memberReference, type Member } from './member.ts';
import { MemberLosses } from './member-losses.tsx';

/** Changes role, end, and the right audit of a member, after it has shown what would be lost. */
export function ChangeMemberDialog({
  org,
  member,
  onClose,
}: {
  readonly org: string;
  readonly member: Member;
  readonly onClose: () => void;
}) {
  const [role, setRole] = useState(member.role);
  const [until, setUntil] = useState(member.until ?? undefined);
  const [audit, setAudit] = useState({ isGranted: member.audit, until: member.auditUntil ?? undefined });
  const rights = useRights(org);
  const change = useCommand(setMemberRequest);
  const input = {
    org,
    user: memberReference(member),
    role,
    ...(until !== undefined && { until }),
    ...(member.kind === 'person' && { audit: audit.isGranted }),
    ...(audit.until !== undefined && { auditUntil: audit.until }),
    add: false,
  };
  const dryRun = useDryRun(setMemberRequest, input, change);
  const name = memberName(member);
  const confirm = async () => {
    if (!(await change.run(input))) return;
    toast(`${name} is ${role}.`);
    onClose();
  };
  return (
    <Confirm
      title={`Change ${name}`}
      verb="Change member"
      isDangerous={false}
      isWaiting={dryRun.data === undefined}
      isPending={change.isPending}
      error={change.error}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <RoleSelect value={role} onChange={setRole} rights={rights} />
      <DateField
        label="The membership ends on"
        description="Empty: it does not end."
        value={until}
        onChange={setUntil}
      />
      {member.kind === 'person' && (
        <AuditRight {...audit} onChange={(isGranted, day) => setAudit({ isGranted, until: day })} />
      )}
      <Stack gap="xs">
        <Text fw={600}>What would change</Text>
        <WhatWouldChange dryRun={dryRun}>{({ lost }) => <MemberLosses lost={lost} />}</WhatWouldChange>
      </Stack>
      <CopyCommand
        command={commandLine(
          'org',
          'set-role',
          member.kind === 'service' ? (member.name ?? member.id) : (member.email ?? member.id),
          role,
          ...flagOf('--until', until),
          audit.isGranted && '--audit',
          ...flagOf('--audit-until', audit.until),
          '--org',
          org,
        )}
      />
    </Confirm>
  );
}
