import { Code, Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import {
  listSecretsRequest,
  setSecretRequest,
  unsetSecretRequest,
  type ApplicationView,
  type SecretView,
} from '#deployments/contract';
import { commandFor } from '../shared/command-line.ts';
import { Confirm } from '../shared/confirm.tsx';
import { EmptyState } from '../shared/empty-state.tsx';
import { useContractForm } from '../shared/form.ts';
import { FormDialog } from '../shared/form-dialog.tsx';
import { useOrg } from '../shared/params.ts';
import { useContract } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { RowMenu } from '../shared/row-menu.tsx';
import { Time } from '../shared/time.tsx';
import { toast } from '../shared/toast.ts';
import { Losses } from '../shared/what-would-change.tsx';
import { ActionButton } from './action-button.tsx';
import { ApplicationFrame } from './application-frame.tsx';
import { useRefusal } from './application-rights.ts';

type Open = { readonly action: 'set' | 'unset'; readonly key: string } | undefined;

export default function SecretsPage() {
  return <ApplicationFrame tab="Secrets">{(application) => <Secrets application={application} />}</ApplicationFrame>;
}

function Secrets({ application }: { readonly application: ApplicationView }) {
  const org = useOrg();
  const { name } = application;
  const secrets = useContract(listSecretsRequest, { org, name });
  const refusal = useRefusal(org, application)('secrets.write');
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  const add = (
    <ActionButton refusal={refusal} onClick={() => setOpen({ action: 'set', key: '' })}>
      Set secret
    </ActionButton>
  );
  return (
    <Stack>
      <Group justify="space-between">
        <Text c="dimmed">
          Nobody can read a value, also not here. The manifest names a secret by its key, as in{' '}
          <Code>{'- { name: DATABASE_URL, secret: DATABASE_URL }'}</Code>.
        </Text>
        {add}
      </Group>
      <ResourceTable
        label="secrets"
        list={{
          items: secrets.data?.items ?? [],
          isPending: secrets.isPending,
          error: secrets.error,
          retry: () => void secrets.refetch(),
        }}
        columns={columnsOf(refusal, setOpen)}
        keyOf={({ key }) => key}
        empty={
          <EmptyState
            title="No secrets yet"
            command={`${commandFor({ org }, 'app', 'secrets', 'set', name, 'DATABASE_URL')} < url.txt`}
          >
            A secret is the value of an environment variable or a file, which is stored encrypted.
          </EmptyState>
        }
      />
      {open?.action === 'set' && <SetDialog org={org} name={name} secret={open.key} onClose={close} />}
      {open?.action === 'unset' && <UnsetDialog org={org} name={name} secret={open.key} onClose={close} />}
    </Stack>
  );
}

const columnsOf = (refusal: string | undefined, onOpen: (open: Open) => void): readonly Column<SecretView>[] => [
  { id: 'key', title: 'Key', value: ({ key }) => key, cell: ({ key }) => <Code>{key}</Code> },
  { id: 'version', title: 'Version', value: ({ version }) => version, cell: ({ version }) => `v${version}` },
  {
    id: 'fingerprint',
    title: 'Fingerprint',
    cell: ({ fingerprint }) => <Code>{fingerprint}</Code>,
    isWide: true,
  },
  {
    id: 'updated',
    title: 'Updated',
    value: ({ updatedAt }) => updatedAt,
    cell: ({ updatedAt }) => <Time at={updatedAt} />,
  },
  { id: 'by', title: 'By', value: ({ by }) => by, cell: ({ by }) => by, isWide: true },
  {
    id: 'actions',
    title: 'Actions',
    cell: ({ key }) => (
      <RowMenu
        label={`Actions for ${key}`}
        actions={[
          { title: 'Set new value', refusal, onClick: () => onOpen({ action: 'set', key }) },
          { title: 'Unset secret', refusal, isDangerous: true, onClick: () => onOpen({ action: 'unset', key }) },
        ]}
      />
    ),
  },
];

interface DialogProps {
  readonly org: string;
  readonly name: string;
  /** Key of the secret; '' for a new one. */
  readonly secret: string;
  readonly onClose: () => void;
}

function SetDialog({ org, name, secret, onClose }: DialogProps) {
  const form = useContractForm(setSecretRequest, { org, name, ...(secret !== '' && { key: secret }) });
  const key = form.values.key ?? 'KEY';
  return (
    <FormDialog
      title={secret === '' ? 'Set secret' : `Set ${secret}`}
      verb="Set secret"
      command={`${commandFor({ org }, 'app', 'secrets', 'set', name, key)} < FILE`}
      form={form}
      onDone={({ application, attemptId }) => toast(doneSentence(name, application?.version, attemptId))}
      onClose={onClose}
    >
      <Text>If the latest revision uses the secret, it is deployed as a new revision.</Text>
      {secret === '' && (
        <TextInput label="Key" description="Such as DATABASE_URL" required autoComplete="off" {...form.text('key')} />
      )}
      <Textarea
        label="Value"
        description="It cannot be shown again."
        required
        autosize
        minRows={2}
        maxRows={12}
        autoComplete="off"
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        {...form.text('value')}
      />
    </FormDialog>
  );
}

const doneSentence = (name: string, version: string | undefined, attemptId: string | null): string =>
  attemptId === null ? `The secret of ${name} is set.` : `The secret is set, and ${name} ${version} is deployed.`;

function UnsetDialog({ org, name, secret, onClose }: DialogProps) {
  return (
    <Confirm
      title={`Unset ${secret}`}
      verb="Unset secret"
      contract={unsetSecretRequest}
      input={{ org, name, key: secret }}
      command={['app', 'secrets', 'unset', name, secret]}
      preview={({ changes }) =>
        changes.length === 0 ? (
          <Text>The latest revision does not use {secret}. Nothing is deployed.</Text>
        ) : (
          <Losses sentence={`A new revision of ${name} is deployed without it:`} items={changes} />
        )
      }
      onDone={() => toast(`${secret} is removed from ${name}.`)}
      onClose={onClose}
    />
  );
}
