import type { CallerInputOf } from '#bus/contract';
import { SegmentedControl, Text, TextInput } from '@mantine/core';
import { setMemberRequest } from '#organizations/contract';
import { useState } from 'react';
import { commandFor, flagOf } from '../shared/command-line.ts';
import { useContractForm } from '../shared/form.ts';
import { FormDialog } from '../shared/form-dialog.tsx';
import { toast } from '../shared/toast.ts';
import { MemberFields } from './member-fields.tsx';

/** Adds a person who has logged in before, or a service member. */
export function AddMemberDialog({ org, onClose }: { readonly org: string; readonly onClose: () => void }) {
  const [isService, setService] = useState(false);
  const [name, setName] = useState('');
  const form = useContractForm(setMemberRequest, { org, role: 'viewer', add: true });
  const identify = (next: string, service: boolean) => {
    setName(next);
    setService(service);
    form.set({ user: next === '' ? undefined : service ? `service:${next}` : next, ...(service && NO_AUDIT) });
  };
  return (
    <FormDialog
      title="Add member"
      verb="Add member"
      command={commandsOf({ ...form.values, org, name, isService })}
      form={form}
      onDone={() => toast(`${name} is a member.`)}
      onClose={onClose}
    >
      <SegmentedControl
        aria-label="Kind of member"
        value={isService ? 'service' : 'person'}
        onChange={(kind) => identify('', kind === 'service')}
        data={[
          { value: 'person', label: 'Person' },
          { value: 'service', label: 'Service member' },
        ]}
      />
      <Text size="sm" c="dimmed">
        {isService
          ? 'A service member owns the keys of pipelines and other programs. It cannot log in, and does not count as a member of the plan.'
          : 'A person who has logged in before. Invite others by e-mail.'}
      </Text>
      <TextInput
        label={isService ? 'Name' : 'E-mail address or user ID'}
        description={isService ? 'Lower-case letters, digits, and hyphens, such as ci-deploy.' : undefined}
        value={name}
        onChange={(event) => identify(event.currentTarget.value.trim(), isService)}
        error={form.errorOf('user')}
        autoComplete="off"
        required
        data-autofocus
      />
      <MemberFields org={org} form={form} has={{ end: true, audit: !isService }} />
    </FormDialog>
  );
}

/** Service members cannot log in, which reading the audit log needs. */
const NO_AUDIT = { audit: undefined, auditUntil: undefined };

/** Returns the commands that add the member and grant the right. */
function commandsOf({
  org,
  isService,
  role = 'viewer',
  until,
  audit = false,
  auditUntil,
  ...member
}: Partial<CallerInputOf<typeof setMemberRequest>> & {
  readonly org: string;
  readonly name: string;
  readonly isService: boolean;
}): string {
  const name = member.name === '' ? (isService ? 'NAME' : 'EMAIL') : member.name;
  const end = flagOf('--until', until);
  const add = ['org', 'add-user', isService ? '--service' : '--user', name, '--role', role, ...end];
  const grant = ['org', 'set-role', name, role, ...end, '--audit', ...flagOf('--audit-until', auditUntil)];
  return [add, ...(audit ? [grant] : [])].map((words) => commandFor({ org }, ...words)).join(' && ');
}
