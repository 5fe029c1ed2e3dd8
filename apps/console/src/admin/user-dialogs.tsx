import { List, Text } from '@mantine/core';
import { eraseUserRequest, passwordLinkRequest, setGlobalRoleRequest, setUserStateRequest } from '#identity/contract';
import { useState } from 'react';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Confirm, SecretOnce } from '../shared/dialogs.tsx';
import { useCommand, useDryRun } from '../shared/queries.ts';
import { toast } from '../shared/toast.ts';
import { WhatWouldChange } from '../shared/what-would-change.tsx';
import { nameOf, type User } from './user-name.ts';

export type UserAction = 'role' | 'password' | 'suspend' | 'restore' | 'erase';

interface Props {
  readonly user: User;
  readonly onClose: () => void;
}

/** Asks before something is done with a user, and does it. */
export function UserDialog({ action, ...props }: Props & { readonly action: UserAction }) {
  switch (action) {
    case 'role':
      return <GlobalRole {...props} />;
    case 'password':
      return <PasswordLink {...props} />;
    case 'suspend':
    case 'restore':
      return <UserState {...props} state={action === 'suspend' ? 'SUSPENDED' : 'ACTIVE'} />;
    case 'erase':
      return <Erase {...props} />;
  }
}

function GlobalRole({ user, onClose }: Props) {
  const name = nameOf(user);
  const role = user.globalRole === 'admin' ? 'developer' : 'admin';
  const input = { user: user.id, role } as const;
  const command = useCommand(setGlobalRoleRequest, {
    onDone: () => {
      toast(`${name} is ${role === 'admin' ? 'a global admin' : 'a developer'}.`);
      onClose();
    },
  });
  const planned = useDryRun(setGlobalRoleRequest, input, command);
  return (
    <Confirm
      title={role === 'admin' ? `Make ${name} a global admin` : `Make ${name} a developer`}
      verb={role === 'admin' ? 'Make global admin' : 'Make developer'}
      isDangerous={role === 'developer'}
      isWaiting={planned.data === undefined}
      isPending={command.isPending}
      error={command.error}
      onConfirm={() => void command.run(input)}
      onClose={onClose}
    >
      <WhatWouldChange dryRun={planned}>
        {() => (
          <Text>
            {role === 'admin'
              ? 'A global admin opens and changes every organization, with a login, and administers users, egress, and projections.'
              : 'A developer sees only the organizations whose member they are. Memberships and keys do not change.'}
          </Text>
        )}
      </WhatWouldChange>
      <CopyCommand command={`astroctl user set-global-role ${user.email ?? user.id} ${role}`} />
    </Confirm>
  );
}

function UserState({ user, state, onClose }: Props & { readonly state: 'ACTIVE' | 'SUSPENDED' }) {
  const name = nameOf(user);
  const input = { user: user.id, state } as const;
  const isSuspension = state === 'SUSPENDED';
  const command = useCommand(setUserStateRequest, {
    onDone: () => {
      toast(`${name} ${isSuspension ? 'suspended' : 'restored'}.`);
      onClose();
    },
  });
  const planned = useDryRun(setUserStateRequest, input, command);
  return (
    <Confirm
      title={`${isSuspension ? 'Suspend' : 'Restore'} ${name}`}
      verb={isSuspension ? 'Suspend user' : 'Restore user'}
      isDangerous={isSuspension}
      isWaiting={planned.data === undefined}
      isPending={command.isPending}
      error={command.error}
      onConfirm={() => void command.run(input)}
      onClose={onClose}
    >
      <WhatWouldChange dryRun={planned}>
        {() => (
          <Text>
            {isSuspension
              ? 'Sessions end, and logins, access keys, and access to clusters stop working immediately. Memberships stay, and restoring the user brings everything back.'
              : 'Logins and access keys work again, with the memberships that the user has.'}
          </Text>
        )}
      </WhatWouldChange>
      <CopyCommand command={`astroctl user ${isSuspension ? 'suspend' : 'restore'} ${user.email ?? user.id}`} />
    </Confirm>
  );
}

function Erase({ user, onClose }: Props) {
  const name = nameOf(user);
  const command = useCommand(eraseUserRequest, {
    onDone: () => {
      toast('The user was erased.');
      onClose();
    },
  });
  const planned = useDryRun(eraseUserRequest, { user: user.id }, command);
  return (
    <Confirm
      title={`Erase ${name}`}
      name={user.email ?? user.id}
      verb="Erase user"
      isWaiting={planned.data === undefined}
      isPending={command.isPending}
      error={command.error}
      onConfirm={() => void command.run({ user: user.id })}
      onClose={onClose}
    >
      <WhatWouldChange dryRun={planned}>
        {({ organizations }) => (
          <>
            <Text>This cannot be undone. An import of an older backup erases the user again.</Text>
            <List>
              <List.Item>Name, e-mail address, and logins are destroyed; sessions end.</List.Item>
              <List.Item>All access keys of the user end.</List.Item>
              <List.Item>
                {organizations.length === 0
                  ? 'The user is in no organization.'
                  : `The user leaves ${organizations.join(', ')}.`}
              </List.Item>
              <List.Item>The audit logs keep what was done, by “erased user”.</List.Item>
            </List>
          </>
        )}
      </WhatWouldChange>
      <CopyCommand command={`astroctl user erase ${user.email ?? user.id}`} />
    </Confirm>
  );
}

function PasswordLink({ user, onClose }: Props) {
  const name = nameOf(user);
  const [link, setLink] = useState<{ readonly text: string; readonly expiresAt: string }>();
  const command = useCommand(passwordLinkRequest, {
    onDone: ({ value: { link: text, mailed, expiresAt } }) => {
      if (text !== null) return setLink({ text, expiresAt });
      toast(mailed ? `An e-mail with the link goes to ${name}.` : 'The link was already shown. Create another one.');
      onClose();
    },
  });
  if (link)
    return (
      <SecretOnce
        title={`Password link for ${name}`}
        sentence={`No mail server is configured. Hand over this link yourself; it is shown only once, and works once, until ${link.expiresAt}.`}
        lines={[{ label: 'Link', text: link.text }]}
        onClose={onClose}
      />
    );
  return (
    <Confirm
      title={`Create a password link for ${name}`}
      verb="Create password link"
      isDangerous={false}
      isPending={command.isPending}
      error={command.error}
      onConfirm={() => void command.run({ user: user.id })}
      onClose={onClose}
    >
      <Text>
        With the link, {name} sets a new password: once, within 24 hours. It is sent by e-mail, or shown here if the
        platform has no mail server. The present password works until then.
      </Text>
      <CopyCommand command={`astroctl user reset-password ${user.email ?? user.id}`} />
    </Confirm>
  );
}
