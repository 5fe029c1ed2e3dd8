import { NativeSelect, TextInput } from '@mantine/core';
import { weaker } from '#access';
import { createKeyRequest } from '#access-keys/contract';
import { getUsageRequest } from '#billing/contract';
import { listMembersRequest, listOrganizationsRequest } from '#organizations/contract';
import { useState } from 'react';
import { commandFor, flagOf } from '../shared/command-line.ts';
import { useContractForm } from '../shared/form.ts';
import { FormDialog } from '../shared/form-dialog.tsx';
import { useAllPages, useContract } from '../shared/queries.ts';
import { useRights } from '../shared/rights.ts';
import { RoleSelect } from '../shared/role-select.tsx';
import { expiryChoices, LONGEST, ON_A_DATE } from './expiry.ts';
import type { NewKey } from './key-secret.tsx';

/** Creates a key for the person or a service member. */
export function CreateKeyDialog({
  org: opened,
  onCreated,
  onClose,
}: {
  readonly org: string;
  readonly onCreated: (key: NewKey) => void;
  readonly onClose: () => void;
}) {
  const form = useContractForm(createKeyRequest, { org: opened, source: 'console' });
  const { name = '', service, expires } = form.values;
  const org = form.values.org ?? opened;
  const rights = useRights(org);
  const organizations = useContract(listOrganizationsRequest, {});
  const role = form.values.role ?? weaker('editor', rights.role ?? 'viewer');
  return (
    <FormDialog
      title="Create API key"
      verb="Create API key"
      command={commandFor(
        { org },
        ...['key', 'create', '--name', name === '' ? 'NAME' : name, '--role', role],
        ...flagOf('--expires', expires),
        ...flagOf('--service', service),
      )}
      form={form}
      more={{ role }}
      onDone={({ name: created, secret }) => {
        if (secret === null) return;
        onCreated({ name: created, secret });
        return false;
      }}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        description="What uses the key, such as ci."
        {...form.text('name')}
        autoComplete="off"
        required
        data-autofocus
      />
      <NativeSelect
        label="Organization"
        description="The key works for this organization alone."
        value={org}
        onChange={({ currentTarget }) => form.set({ org: currentTarget.value, service: undefined, role: undefined })}
        data={(organizations.data?.items ?? [{ name: opened, slug: opened }]).map(({ name, slug }) => ({
          value: slug,
          label: name,
        }))}
        error={form.errorOf('org')}
      />
      <OwnerSelect org={org} value={service} onChange={(value) => form.set({ service: value })} />
      <RoleSelect
        value={role}
        onChange={(value) => form.set({ role: value })}
        rights={rights}
        error={form.errorOf('role')}
      />
      <Expiry
        org={org}
        value={expires}
        onChange={(value) => form.set({ expires: value })}
        error={form.errorOf('expires')}
      />
    </FormDialog>
  );
}

function OwnerSelect({
  org,
  value,
  onChange,
}: {
  readonly org: string;
  readonly value: string | undefined;
  readonly onChange: (service: string | undefined) => void;
}) {
  const members = useAllPages(listMembersRequest, { org });
  const { can } = useRights(org);
  const services = members.items.filter(({ kind }) => kind === 'service');
  const isAllowed = can('keys.service');
  return (
    <NativeSelect
      label="Owner"
      description={
        isAllowed
          ? 'A service member stays when people leave. Add one under Members.'
          : 'To create a key for a service member, ask an admin or owner.'
      }
      value={value ?? ''}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
      data={[
        { value: '', label: 'You' },
        ...services.map(({ id, name }) => ({
          value: name ?? id,
          label: `${name ?? id} (service member)`,
          disabled: !isAllowed,
        })),
      ]}
    />
  );
}

function Expiry({
  org,
  value,
  onChange,
  error,
}: {
  readonly org: string;
  readonly value: string | undefined;
  readonly onChange: (expires: string | undefined) => void;
  readonly error: string | undefined;
}) {
  const usage = useContract(getUsageRequest, { org });
  const [choice, setChoice] = useState(LONGEST);
  return (
    <>
      <NativeSelect
        label="Expires"
        value={choice}
        onChange={(event) => {
          const next = event.currentTarget.value;
          setChoice(next);
          onChange(next === ON_A_DATE || next === LONGEST ? undefined : next);
        }}
        data={[...expiryChoices(usage.data?.limits.keyLifetimeDays.limit)]}
        error={choice === ON_A_DATE ? undefined : error}
      />
      {choice === ON_A_DATE && (
        <TextInput
          type="date"
          label="Date of expiry"
          value={value ?? ''}
          onChange={(event) => onChange(event.currentTarget.value || undefined)}
          error={error}
          required
        />
      )}
    </>
  );
}
