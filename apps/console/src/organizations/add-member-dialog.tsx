import { SegmentedControl, Text, TextInput } from '@mantine/core';
import { setMemberRequest } from '#organizations/contract';
import { useState } from 'react';
import { commandLine, flagOf } from '../shared/command-line.ts';
import { useContractForm } from '../shared/form.ts';
import { FormDialog } from '../shared/form-dialog.tsx';
import { useCommand } from '../shared/queries.ts';
import { useRights } from '../shared/rights.ts';
import { RoleSelect } from '../shared/role-select.tsx';
import { toast } from '../shared/toast.ts';
import { AuditRight } from './audit-right.tsx';
import { DateField } from './date-field.tsx';

/** Adds a person who has logged in before, or a service member. */
export function AddMemberDialog({ org, onClose }: { readonly org: string; readonly onClose: () => void }) {
  const [isService, setService] = useState(false);
  const [name, setName] = useState('');
  const add = useCommand(setMemberRequest);
  const form = useContractForm(setMemberRequest, { org, role: 'viewer' }, add.error);
  const { role = 'viewer', until, audit = false, auditUntil } = form.values;
  const rights = useRights(org);
  const submit = async () => {
    const input = form.check();
    if (!input || !(await add.run({ ...input, add: true }))) return;
    toast(`${name} is a member.`);
    onClose();
  };
  const identify = (next: string, service: boolean) => {
    setName(next);
    setService(service);
    form.set('user', next === '' ? undefined : service ? `service:${next}` : next);
  };
  return (
    <FormDialog
      title="Add member"
      verb="Add member"
      command={commandsOf({ org, name, isService, role, until, audit, auditUntil })}
      isPending={add.isPending}
      error={add.error}
      onSubmit={() => void submit()}
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
      <RoleSelect
        value={role}
        onChange={(next) => form.set('role', next)}
        rights={rights}
        error={form.errorOf('role')}
      />
      <DateField
        label="The membership ends on"
        description="Empty: it does not end."
        value={until}
        onChange={(day) => form.set('until', day)}
        error={form.errorOf('until')}
      />
      {!isService && (
        <AuditRight
          isGranted={audit}
          until={auditUntil}
          onChange={(isGranted, day) => {
            form.set('audit', isGranted || undefined);
            form.set('auditUntil', day);
          }}
          error={form.errorOf('auditUntil')}
        />
      )}
    </FormDialog>
  );
}

/** Returns the commands that add the member and grant the right. */
function commandsOf(member: {
  readonly org: string;
  readonly name: string;
  readonly isService: boolean;
  readonly role: string;
  readonly until: string | undefined;
  readonly audit: boolean;
  readonly auditUntil: string | undefined;
}): string {
  const { org, isService, role, until, audit, auditUntil } = member;
  const name = member.name === '' ? (isService ? 'NAME' : 'EMAIL') : member.name;
  const end = flagOf('--until', until);
  const add = commandLine(
    'org',
    'add-user',
    isService ? '--service' : '--user',
    name,
    '--role',
    role,
    ...end,
    '--org',
    org,
  );
  if (!audit) return add;
  const grant = [...end, '--audit', ...flagOf('--audit-until', auditUntil)];
  return `${add} && ${commandLine('org', 'set-role', name, role, ...grant, '--org', org)}`;
}
