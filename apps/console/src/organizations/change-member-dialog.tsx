import { setMemberRequest } from '#organizations/contract';
import { commandFor, flagOf } from '../shared/command-line.ts';
import { useContractForm } from '../shared/form.ts';
import { FormDialog } from '../shared/form-dialog.tsx';
import { toast } from '../shared/toast.ts';
import { memberName, memberReference, type Member } from './member.ts';
import { MemberFields } from './member-fields.tsx';
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
  const isPerson = member.kind === 'person';
  const form = useContractForm(
    setMemberRequest,
    {
      org,
      user: memberReference(member),
      role: member.role,
      ...(member.until !== null && { until: member.until }),
      ...(isPerson && { audit: member.audit }),
      ...(member.auditUntil !== null && { auditUntil: member.auditUntil }),
      add: false,
    },
    { hasPreview: true },
  );
  const { role = member.role, until, audit = false, auditUntil } = form.values;
  const name = memberName(member);
  return (
    <FormDialog
      title={`Change ${name}`}
      verb="Change member"
      command={commandFor(
        { org },
        ...['org', 'set-role', name, role],
        ...flagOf('--until', until),
        audit && '--audit',
        ...flagOf('--audit-until', auditUntil),
      )}
      form={form}
      preview={({ lost }) => <MemberLosses lost={lost} />}
      onDone={() => toast(`${name} is ${role}.`)}
      onClose={onClose}
    >
      <MemberFields org={org} form={form} has={{ end: true, audit: isPerson }} />
    </FormDialog>
  );
}
