import { ActionIcon, Menu, Text } from '@mantine/core';
import { KebabHorizontalIcon } from '@primer/octicons-react';
import { listUsersRequest, meRequest } from '#identity/contract';
import { useState } from 'react';
import { useAddress } from '../shared/address.ts';
import { CopyCommand, CopyIconButton } from '../shared/copy-command.tsx';
import { EmptyState } from '../shared/empty-state.tsx';
import { useAllPages, useContract } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { StatusDot } from '../shared/status.tsx';
import { Time } from '../shared/time.tsx';
import { AdminPage } from './admin-page.tsx';
import { UserDialog, type UserAction } from './user-dialogs.tsx';
import { nameOf, type User } from './user-name.ts';

type Choose = (user: User, action: UserAction) => void;

const columns = (admins: number, choose: Choose): readonly Column<User>[] => [
  {
    id: 'user',
    title: 'User',
    value: (user) => `${nameOf(user)} ${user.id}`,
    cell: (user) => (
      <>
        <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
          {nameOf(user)}
        </Text>
        <Text size="xs" c="dimmed" ff="monospace" component="div">
          {user.id.slice(0, 8)} <CopyIconButton text={user.id} label={`Copy the ID of ${nameOf(user)}`} />
        </Text>
      </>
    ),
  },
  { id: 'state', title: 'State', value: ({ state }) => state, cell: ({ state }) => <StatusDot state={state} /> },
  {
    id: 'role',
    title: 'Global role',
    value: ({ globalRole }) => globalRole,
    cell: ({ globalRole }) => globalRole,
  },
  {
    id: 'login',
    title: 'Last login',
    value: ({ lastLogin }) => lastLogin ?? '',
    cell: ({ lastLogin }) => <Time at={lastLogin} absent="never" />,
    isWide: true,
  },
  {
    id: 'actions',
    title: 'Actions',
    cell: (user) => (user.state === 'ERASED' ? '–' : <Actions user={user} admins={admins} choose={choose} />),
  },
];

export default function UsersPage() {
  return (
    <AdminPage
      title="Users"
      sentence="Everybody who has logged in to this platform, and who may administer it. People become members of organizations by invitations."
    >
      <Users />
    </AdminPage>
  );
}

function Users() {
  const users = useAllPages(listUsersRequest, {});
  const [state, setAddress] = useAddress();
  const [chosen, setChosen] = useState<{ readonly user: User; readonly action: UserAction }>();
  const admins = users.items.filter((user) => user.globalRole === 'admin' && user.state === 'ACTIVE').length;
  return (
    <>
      <ResourceTable
        label="users"
        list={users}
        columns={columns(admins, (user, action) => setChosen({ user, action }))}
        keyOf={({ id }) => id}
        state={state}
        onState={({ q, sort }) => setAddress({ q, sort })}
        empty={
          <EmptyState title="No users yet" command="astroctl org invite grace@acme.dev --role editor">
            People appear here after their first login. Invite them to an organization.
          </EmptyState>
        }
      />
      <CopyCommand command="astroctl user list" />
      {chosen && <UserDialog {...chosen} onClose={() => setChosen(undefined)} />}
    </>
  );
}

/** The actions on a user. What would leave the platform without a global admin is disabled, and says so. */
function Actions({ user, admins, choose }: { readonly user: User; readonly admins: number; readonly choose: Choose }) {
  const me = useContract(meRequest, {});
  const isLastAdmin = user.globalRole === 'admin' && user.state === 'ACTIVE' && admins === 1;
  const isSelf = me.data?.userId === user.id;
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${nameOf(user)}`}>
          <KebabHorizontalIcon />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {isLastAdmin && <Menu.Label>The only global admin: promote another user first</Menu.Label>}
        <Menu.Item disabled={isLastAdmin} onClick={() => choose(user, 'role')}>
          {user.globalRole === 'admin' ? 'Make developer' : 'Make global admin'}
        </Menu.Item>
        <Menu.Item onClick={() => choose(user, 'password')}>Create password link</Menu.Item>
        {user.state === 'SUSPENDED' ? (
          <Menu.Item onClick={() => choose(user, 'restore')}>Restore user</Menu.Item>
        ) : (
          <Menu.Item disabled={isLastAdmin} onClick={() => choose(user, 'suspend')}>
            Suspend user{isSelf ? ' (yourself)' : ''}
          </Menu.Item>
        )}
        <Menu.Item disabled={isLastAdmin} color="var(--astro-bad)" onClick={() => choose(user, 'erase')}>
          Erase user{isSelf ? ' (yourself)' : ''}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
