import { Button, Code, NativeSelect, Text } from '@mantine/core';
import { AlertIcon } from '@primer/octicons-react';
import { listKeysRequest, type AccessKeyView } from '#access-keys/contract';
import { meRequest } from '#identity/contract';
import { useState } from 'react';
import { useAddress } from '../shared/address.ts';
import { EmptyState } from '../shared/empty-state.tsx';
import { useOrg } from '../shared/params.ts';
import { useAllPages, useContract } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { useRights, type Rights } from '../shared/rights.ts';
import { RowMenu, type RowAction } from '../shared/row-menu.tsx';
import { SettingsPage } from '../shared/settings-page.tsx';
import { StatusDot } from '../shared/status.tsx';
import { Time } from '../shared/time.tsx';
import { CreateKeyDialog } from './create-key-dialog.tsx';
import { KeySecret, type NewKey } from './key-secret.tsx';
import { RevokeKeyDialog } from './revoke-key-dialog.tsx';
import { RotateKeyDialog } from './rotate-key-dialog.tsx';

const STATES = ['ACTIVE', 'ROTATED', 'EXPIRED', 'REVOKED'] as const;

type Opened =
  | { readonly dialog: 'create' }
  | { readonly dialog: 'rotate' | 'revoke'; readonly key: AccessKeyView }
  | { readonly dialog: 'secret'; readonly issued: NewKey };

export default function KeysPage() {
  const org = useOrg();
  const [address, setAddress] = useAddress();
  const [opened, setOpened] = useState<Opened>();
  const keys = useAllPages(listKeysRequest, { org });
  const rights = useRights(org);
  const me = useContract(meRequest, {});
  const close = () => setOpened(undefined);
  const create = (
    <Button onClick={() => setOpened({ dialog: 'create' })} disabled={!rights.can('keys.create')}>
      Create API key
    </Button>
  );
  const owners = [...new Set(keys.items.map(ownerOf))].sort();
  const items = keys.items.filter(
    (key) =>
      (address['state'] === undefined || key.status === address['state']) &&
      (address['owner'] === undefined || ownerOf(key) === address['owner']),
  );
  const isFiltered = items.length < keys.items.length;
  return (
    <SettingsPage
      title="API keys"
      sentence={
        rights.can('keys.others')
          ? 'Keys of all members. A key is never stronger than its owner.'
          : 'Your keys. A key is never stronger than its owner. Owners and admins see the keys of all members.'
      }
      action={create}
    >
      <ResourceTable
        label="API keys"
        list={{ ...keys, items }}
        columns={columns((key) => actionsOf(key, rights, me.data?.userId, setOpened))}
        keyOf={({ id }) => id}
        state={address}
        onState={({ q, sort }) => setAddress({ q, sort })}
        filters={
          <>
            <Filter
              label="State"
              value={address['state']}
              values={STATES}
              onChange={(state) => setAddress({ state })}
            />
            <Filter
              label="Owner"
              value={address['owner']}
              values={owners}
              onChange={(owner) => setAddress({ owner })}
            />
          </>
        }
        empty={
          isFiltered ? (
            <EmptyState
              title="No key matches"
              action={
                <Button variant="default" onClick={() => setAddress({ state: undefined, owner: undefined })}>
                  Show all keys
                </Button>
              }
            />
          ) : (
            <EmptyState title="No API keys yet" command={`astroctl key create --name ci --org ${org}`} action={create}>
              Pipelines and scripts authenticate with an API key. It works for one organization, with a role of its own.
            </EmptyState>
          )
        }
      />
      {opened?.dialog === 'create' && (
        <CreateKeyDialog org={org} onClose={close} onCreated={(issued) => setOpened({ dialog: 'secret', issued })} />
      )}
      {opened?.dialog === 'rotate' && (
        <RotateKeyDialog
          org={org}
          accessKey={opened.key}
          onClose={close}
          onRotated={(issued) => setOpened({ dialog: 'secret', issued })}
        />
      )}
      {opened?.dialog === 'revoke' && <RevokeKeyDialog org={org} accessKey={opened.key} onClose={close} />}
      {opened?.dialog === 'secret' && <KeySecret issued={opened.issued} onClose={close} />}
    </SettingsPage>
  );
}

const ownerOf = ({ owner, memberId }: AccessKeyView): string => owner ?? memberId;

/** Returns what the person may do with a key that still works. */
function actionsOf(
  key: AccessKeyView,
  { can }: Rights,
  userId: string | undefined,
  open: (opened: Opened) => void,
): readonly RowAction[] {
  if (key.status !== 'ACTIVE' && key.status !== 'ROTATED') return [];
  const isOwn = key.memberId === userId;
  const isService = key.memberId.startsWith('service-');
  const mayRotate = isOwn || (isService && can('keys.service'));
  const rotation =
    key.status === 'ROTATED'
      ? 'It was replaced already'
      : mayRotate
        ? undefined
        : isService
          ? 'Ask an admin or owner'
          : `Only ${ownerOf(key)} can`;
  return [
    { title: 'Rotate key', refusal: rotation, onClick: () => open({ dialog: 'rotate', key }) },
    {
      title: 'Revoke key',
      isDangerous: true,
      refusal: isOwn || can('keys.others') ? undefined : 'Ask an admin or owner',
      onClick: () => open({ dialog: 'revoke', key }),
    },
  ];
}

const columns = (actions: (key: AccessKeyView) => readonly RowAction[]): readonly Column<AccessKeyView>[] => [
  {
    id: 'name',
    title: 'Name',
    value: ({ name, id, key }) => `${name} ${id} ${key}`,
    cell: ({ name, key, leakedAt }) => (
      <>
        <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
          {name}
        </Text>
        <Code>{key}</Code>
        {leakedAt !== null && (
          <Text size="xs" c="var(--astro-bad)">
            <AlertIcon size={12} /> Leaked <Time at={leakedAt} />: rotate or revoke it
          </Text>
        )}
      </>
    ),
  },
  {
    id: 'owner',
    title: 'Owner',
    value: ownerOf,
    cell: (key) => (
      <Text inherit style={{ overflowWrap: 'anywhere' }}>
        {ownerOf(key)}
      </Text>
    ),
    isWide: true,
  },
  { id: 'state', title: 'State', value: ({ status }) => status, cell: ({ status }) => <StatusDot state={status} /> },
  { id: 'role', title: 'Role', value: ({ role }) => role, cell: ({ role }) => role, isWide: true },
  {
    id: 'used',
    title: 'Last used',
    value: ({ lastUsed }) => lastUsed ?? '',
    cell: ({ lastUsed }) => <Time at={lastUsed} absent="never" />,
    isWide: true,
  },
  {
    id: 'expires',
    title: 'Expires',
    value: ({ expires }) => expires ?? '9999',
    cell: ({ expires }) => <Time at={expires} absent="never" />,
    isWide: true,
  },
  {
    id: 'actions',
    title: 'Actions',
    cell: (key) => <RowMenu label={`Actions for key ${key.name}`} actions={actions(key)} />,
  },
];

function Filter({
  label,
  value,
  values,
  onChange,
}: {
  readonly label: string;
  readonly value: string | undefined;
  readonly values: readonly string[];
  readonly onChange: (value: string | undefined) => void;
}) {
  return (
    <NativeSelect
      aria-label={`Filter by ${label.toLowerCase()}`}
      value={value ?? ''}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
      data={[{ value: '', label: `Any ${label.toLowerCase()}` }, ...values.map((one) => ({ value: one, label: one }))]}
    />
  );
}
