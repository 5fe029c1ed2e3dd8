import { NativeSelect, TextInput } from '@mantine/core';
import { inviteRequest, type SentInvitation } from '#organizations/contract';
import { commandFor, flagOf } from '../shared/command-line.ts';
import { useContractForm } from '../shared/form.ts';
import { FormDialog } from '../shared/form-dialog.tsx';
import { MemberFields } from './member-fields.tsx';

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
  const form = useContractForm(inviteRequest, { org });
  const { email = '', role = 'viewer', audit = false, auditUntil, expires = '7d' } = form.values;
  return (
    <FormDialog
      title="Invite member"
      verb="Invite member"
      command={commandFor(
        { org },
        ...['org', 'invite', email === '' ? 'EMAIL' : email, '--role', role],
        audit && '--audit',
        ...flagOf('--until', auditUntil),
        ...['--expires', expires],
      )}
      form={form}
      onDone={(sent) => {
        onSent(sent);
        return false;
      }}
      onClose={onClose}
    >
      <TextInput
        label="E-mail address"
        type="email"
        {...form.text('email')}
        onChange={({ currentTarget }) => form.set({ email: currentTarget.value.trim() })}
        autoComplete="off"
        required
        data-autofocus
      />
      <MemberFields org={org} form={form} has={{ audit: true }} />
      <NativeSelect
        label="The invitation can be accepted for"
        description="Until then it counts as a member of the plan."
        value={expires}
        onChange={({ currentTarget }) => form.set({ expires: currentTarget.value })}
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
