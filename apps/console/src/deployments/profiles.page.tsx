import { Stack, Table, Text } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { deleteProfileRequest, listProfilesRequest, listTiersRequest, type ProfileView } from '#deployments/contract';
import { useAddress } from '../shared/address.ts';
import { commandFor } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Confirm } from '../shared/confirm.tsx';
import { EmptyState } from '../shared/empty-state.tsx';
import { Loaded, Page, Section } from '../shared/page.tsx';
import { useOrg } from '../shared/params.ts';
import { useAllPages, useContract } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { RowMenu } from '../shared/row-menu.tsx';
import { Time } from '../shared/time.tsx';
import { toast } from '../shared/toast.ts';
import { ActionButton } from './action-button.tsx';
import { useRefusal } from './application-rights.ts';
import { beyondForm } from './profile-form.ts';

const ProfileDialog = lazy(() => import('./profile-dialog.tsx'));

type Opened =
  | { readonly dialog: 'apply'; readonly profile?: ProfileView }
  | { readonly dialog: 'delete'; readonly profile: ProfileView };

export default function ProfilesPage() {
  const org = useOrg();
  const apply = commandFor({ org }, 'app', 'profile', 'apply', '-f', 'examples/profile.yaml');
  const profiles = useAllPages(listProfilesRequest, { org });
  const [{ q, sort }, setAddress] = useAddress();
  const [opened, setOpened] = useState<Opened>();
  const close = () => setOpened(undefined);
  const refusal = useRefusal(org)('profile.delete'); // editors change defaults only, which the form does not have
  const create = (
    <ActionButton refusal={refusal} onClick={() => setOpened({ dialog: 'apply' })}>
      Create profile
    </ActionButton>
  );
  return (
    <Page
      title="Profiles"
      sentence="A profile decides the cluster of its applications, their tier, and values that they share."
      action={create}
    >
      <Stack gap="xs">
        <ResourceTable
          label="profiles"
          list={profiles}
          columns={columnsOf(refusal, setOpened)}
          keyOf={({ id }) => id}
          state={{ q, sort }}
          onState={(next) => setAddress({ q: next.q, sort: next.sort })}
          empty={
            <EmptyState title="No profiles yet" command={apply} action={create}>
              The first application makes a profile for the only cluster.
            </EmptyState>
          }
        />
        <Text size="sm">The manifest of a profile can also set resources and defaults of its applications:</Text>
        <CopyCommand command={apply} />
      </Stack>
      <Tiers />
      {opened?.dialog === 'apply' && (
        <Suspense>
          <ProfileDialog org={org} {...(opened.profile && { profile: opened.profile })} onClose={close} />
        </Suspense>
      )}
      {opened?.dialog === 'delete' && <DeleteDialog org={org} name={opened.profile.name} onClose={close} />}
    </Page>
  );
}

const columnsOf = (refusal: string | undefined, onOpen: (opened: Opened) => void): readonly Column<ProfileView>[] => [
  {
    id: 'name',
    title: 'Name',
    value: ({ name, description }) => `${name} ${description ?? ''}`,
    cell: ({ name, description }) => (
      <>
        <Text fw={600}>{name}</Text>
        {description !== null && (
          <Text size="xs" c="dimmed">
            {description}
          </Text>
        )}
      </>
    ),
  },
  { id: 'cluster', title: 'Cluster', value: ({ cluster }) => cluster, cell: ({ cluster }) => cluster },
  { id: 'tier', title: 'Tier', value: ({ tier }) => tier, cell: ({ tier }) => tier },
  {
    id: 'protected',
    title: 'Protected',
    value: (profile) => (profile.protected ? 'yes' : 'no'),
    cell: (profile) => (profile.protected ? 'yes' : 'no'),
    isWide: true,
  },
  {
    id: 'settings',
    title: 'Settings',
    value: ({ settings }) => settings.join(' '),
    cell: ({ settings }) => (settings.length === 0 ? '–' : settings.join(', ')),
    isWide: true,
  },
  { id: 'apps', title: 'Applications', value: ({ apps }) => apps, cell: ({ apps }) => apps },
  {
    id: 'created',
    title: 'Created',
    value: ({ createdAt }) => createdAt,
    cell: ({ createdAt }) => <Time at={createdAt} />,
    isWide: true,
  },
  {
    id: 'actions',
    title: 'Actions',
    cell: (profile) => (
      <RowMenu
        label={`Actions for ${profile.name}`}
        actions={[
          {
            title: 'Change profile',
            refusal:
              refusal ?? (beyondForm(profile).length > 0 ? 'Apply its manifest, which has other settings.' : undefined),
            onClick: () => onOpen({ dialog: 'apply', profile }),
          },
          {
            title: 'Delete profile',
            isDangerous: true,
            refusal: refusal ?? (profile.apps > 0 ? 'Applications use it.' : undefined),
            onClick: () => onOpen({ dialog: 'delete', profile }),
          },
        ]}
      />
    ),
  },
];

function Tiers() {
  const tiers = useContract(listTiersRequest, {});
  return (
    <Section title="Tiers">
      <Text c="dimmed">
        A tier sets the replicas, resources, and priority of pods, unless a profile or manifest does.
      </Text>
      <Loaded query={tiers} title="The tiers cannot be shown">
        {({ items }) => (
          <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
            <Table aria-label="Tiers">
              <Table.Thead>
                <Table.Tr>
                  {['Tier', 'Replicas', 'Autoscaling', 'CPU', 'Memory', 'Spread', 'Priority'].map((title) => (
                    <Table.Th key={title} scope="col">
                      {title}
                    </Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map(({ tier, replicas, autoscaling, cpu, memory, spread, priority }) => (
                  <Table.Tr key={tier}>
                    {[tier, replicas, autoscaling, cpu, memory, spread, priority].map((value, index) => (
                      <Table.Td key={index}>{value}</Table.Td>
                    ))}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Loaded>
      <CopyCommand command="astroctl app profile tiers" />
    </Section>
  );
}

function DeleteDialog({
  org,
  name,
  onClose,
}: {
  readonly org: string;
  readonly name: string;
  readonly onClose: () => void;
}) {
  return (
    <Confirm
      title={`Delete ${name}`}
      verb="Delete profile"
      name={name}
      contract={deleteProfileRequest}
      input={{ org, name }}
      command={['app', 'profile', 'delete', name]}
      preview={() => <Text>No application uses the profile.</Text>}
      onDone={() => toast(`Profile ${name} deleted.`)}
      onClose={onClose}
    />
  );
}
