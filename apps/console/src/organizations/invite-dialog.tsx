import { NativeSelect, TextInput } from '@mantine/core';
import { inviteRequest, type SentInvitation } from '#organizations/contract';
import { commandLine, flagOf } from '../shared/command-line.ts';
import { useContractForm } from '../shared/form.ts';
import { FormDialog } from '../shared/form-dialog.tsx';
import { useCommand } from '../shared/queries.ts';
import { useRights } from '../shared/rights.ts';
import { RoleSelect } from '../shared/role-select.tsx';
import { AuditRight } from './audit-right.tsx';

/** Invites a person by e-mail address. */
export function InviteDialog({
  org,
  onSent,
  onClose,
}: {
  readonly org: string;
  readonly onSent: (invitation: SentInvitation) => void;
  readonly onClose: () => void;
}) {
  const invite = useCommand(inviteRequest);
  const form = useContractForm(inviteRequest, { org }, invite.error);
  const { email = '', role = 'viewer', audit = false, auditUntil, expires = '7d' } = form.values;
  const rights = useRights(org);
  const submit = async () => {
    const input = form.check();
    const reply = input && (await invite.run(input));
    if (reply) onSent(reply.value);
  };
  return (
    <FormDialog
      title="Invite member"
      verb="Invite member"
      command={commandLine(
        'org',
        'invite',
        email === '' ? 'EMAIL' : email,
        '--role',
        role,
        audit && '--audit',
        ...flagOf('--until', auditUntil),
        '--expires',
        expires,
        '--org',
        org,
      )}
      isPending={invite.isPending}
      error={invite.error}
      onSubmit={() => void submit()}
      onClose={onClose}
    >
      <TextInput
        label="E-mail address"
        type="email"
        value={email}
        onChange={(event) => form.set('email', event.currentTarget.value.trim())}
        error={form.errorOf('email')}
        autoComplete="off"
        required
        data-autofocus
      />
      <RoleSelect
        value={role}
        onChange={(next) => form.set('role', next)}
        rights={rights}
        error={form.errorOf('role')}
      />
      <AuditRight
        isGranted={audit}
        until={auditUntil}
        onChange={(isGranted, day) => {
          form.set('audit', isGranted);
          form.set('auditUntil', day);
        }}
        error={form.errorOf('auditUntil')}
      />
      <NativeSelect
        label="The invitation can be accepted for"
        description="Until then it counts as a member of the plan."
        value={expires}
        onChange={(event) => form.set('expires', event.currentTarget.value)}
        error={form.errorOf('expires')}
        data={[
          { value: '12h', label: '12 hours' },
          { value: '1d', label: '1 day' },
          { value: '7d', label: '7 days' },
          { value: '30d', label: '30 days' },
        ]}
      />
    </FormDialog>
  );
}
