import { Button, Code, Text } from '@mantine/core';
import { deleteCredentialRequest, listCredentialsRequest, type CredentialView } from '#deployments/contract';
import { useState, type ReactNode } from 'react';
import { useAddress } from '../shared/address.ts';
import { Confirm } from '../shared/confirm.tsx';
import { EmptyState } from '../shared/empty-state.tsx';
import { useOrg } from '../shared/params.ts';
import { useAllPages } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { useRights } from '../shared/rights.ts';
import { RowMenu } from '../shared/row-menu.tsx';
import { SettingsPage } from '../shared/settings-page.tsx';
import { Time } from '../shared/time.tsx';
import { toast } from '../shared/toast.ts';
import { CredentialDialog } from './credential-dialog.tsx';

type Opened =
  | { readonly dialog: 'set'; readonly credential?: CredentialView }
  | { readonly dialog: 'delete'; readonly credential: CredentialView };

export default function CredentialsPage() {
  const org = useOrg();
  const { can, role } = useRights(org);
  const isAllowed = can('credentials.manage');
  const [opened, setOpened] = useState<Opened>();
  const close = () => setOpened(undefined);
  const set = (
    <Button disabled={!isAllowed} onClick={() => setOpened({ dialog: 'set' })}>
      Set credential
    </Button>
  );
  return (
    <SettingsPage
      title="Credentials"
      sentence="How the platform logs in at private git repositories and registries."
      action={set}
    >
      {isAllowed ? (
        <Credentials org={org} action={set} onOpen={setOpened} />
      ) : (
        role !== null && (
          <EmptyState title="Only admins and owners see credentials">
            To store one, ask an admin or owner. Deployments use them without your seeing them.
          </EmptyState>
        )
      )}
      {opened?.dialog === 'set' && (
        <CredentialDialog org={org} {...(opened.credential && { credential: opened.credential })} onClose={close} />
      )}
      {opened?.dialog === 'delete' && <DeleteDialog org={org} credential={opened.credential} onClose={close} />}
    </SettingsPage>
  );
}

function Credentials({
  org,
  action,
  onOpen,
}: {
  readonly org: string;
  readonly action: ReactNode;
  readonly onOpen: (opened: Opened) => void;
}) {
  const [address, setAddress] = useAddress();
  const credentials = useAllPages(listCredentialsRequest, { org });
  return (
    <ResourceTable
      label="credentials"
      list={credentials}
      columns={columns(onOpen)}
      keyOf={({ host, kind }) => `${kind} ${host}`}
      state={address}
      onState={({ q, sort }) => setAddress({ q, sort })}
      empty={
        <EmptyState
          title="No credentials yet"
          command={`astroctl credentials set git.acme.dev --kind git --user deploy --org ${org} < token.txt`}
          action={action}
        >
          Public repositories and registries need none. For private ones, store a token or an SSH key for each host. It
          is encrypted, and never shown again.
        </EmptyState>
      }
    />
  );
}

const columns = (open: (opened: Opened) => void): readonly Column<CredentialView>[] => [
  {
    id: 'host',
    title: 'Host',
    value: ({ host }) => host,
    cell: ({ host }) => (
      <Text inherit fw={600} style={{ overflowWrap: 'anywhere' }}>
        {host}
      </Text>
    ),
  },
  { id: 'kind', title: 'Kind', value: ({ kind }) => kind, cell: ({ kind }) => kind },
  { id: 'user', title: 'User', value: ({ user }) => user ?? '', cell: ({ user }) => user ?? '–', isWide: true },
  {
    id: 'fingerprint',
    title: 'Secret',
    cell: ({ fingerprint }) => (fingerprint === null ? 'none' : <Code>{fingerprint}</Code>),
    isWide: true,
  },
  {
    id: 'trust',
    title: 'Trust',
    cell: ({ certificateAuthority, knownHosts }) =>
      [certificateAuthority && 'certificate authority', knownHosts && 'host keys'].filter(Boolean).join(', ') || '–',
    isWide: true,
  },
  {
    id: 'updated',
    title: 'Updated',
    value: ({ updatedAt }) => updatedAt,
    cell: ({ updatedAt }) => <Time at={updatedAt} />,
    isWide: true,
  },
  {
    id: 'actions',
    title: 'Actions',
    cell: (credential) => (
      <RowMenu
        label={`Actions for ${credential.kind} credential of ${credential.host}`}
        actions={[
          { title: 'Replace credential', onClick: () => open({ dialog: 'set', credential }) },
          { title: 'Delete credential', isDangerous: true, onClick: () => open({ dialog: 'delete', credential }) },
        ]}
      />
    ),
  },
];

function DeleteDialog({
  org,
  credential: { host, kind },
  onClose,
}: {
  readonly org: string;
  readonly credential: CredentialView;
  readonly onClose: () => void;
}) {
  return (
    <Confirm
      title={`Delete the ${kind} credential of ${host}`}
      verb="Delete credential"
      contract={deleteCredentialRequest}
      input={{ org, host, kind }}
      command={['credentials', 'delete', host, '--kind', kind]}
      onDone={() => toast(`The ${kind} credential of ${host} is deleted.`)}
      onClose={onClose}
    >
      <Text>Applications with private sources on {host} can no longer be deployed. What is running stays.</Text>
    </Confirm>
  );
}
