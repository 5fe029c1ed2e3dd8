import { List, Text } from '@mantine/core';
import { eraseUserRequest, passwordLinkRequest, setGlobalRoleRequest, setUserStateRequest } from '#identity/contract';
import { useState } from 'react';
import { Confirm } from '../shared/confirm.tsx';
import { SecretOnce } from '../shared/secret-once.tsx';
import { toast } from '../shared/toast.ts';
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

/** Returns how commands identify a user. */
const referenceOf = ({ email, id }: User): string => email ?? id;

function GlobalRole({ user, onClose }: Props) {
  const name = nameOf(user);
  const role = user.globalRole === 'admin' ? 'developer' : 'admin';
  return (
    <Confirm
      title={role === 'admin' ? `Make ${name} a global admin` : `Make ${name} a developer`}
      verb={role === 'admin' ? 'Make global admin' : 'Make developer'}
      isDangerous={role === 'developer'}
      contract={setGlobalRoleRequest}
      input={{ user: user.id, role }}
      command={['user', 'set-global-role', referenceOf(user), role]}
      onDone={() => toast(`${name} is ${role === 'admin' ? 'a global admin' : 'a developer'}.`)}
      onClose={onClose}
    >
      <Text>
        {role === 'admin'
          ? 'A global admin opens and changes every organization, with a login, and administers users, egress, and projections.'
          : 'A developer sees only the organizations whose member they are. Memberships and keys do not change.'}
      </Text>
    </Confirm>
  );
}

function UserState({ user, state, onClose }: Props & { readonly state: 'ACTIVE' | 'SUSPENDED' }) {
  const name = nameOf(user);
  const isSuspension = state === 'SUSPENDED';
  return (
    <Confirm
      title={`${isSuspension ? 'Suspend' : 'Restore'} ${name}`}
      verb={isSuspension ? 'Suspend user' : 'Restore user'}
      isDangerous={isSuspension}
      contract={setUserStateRequest}
      input={{ user: user.id, state }}
      command={['user', isSuspension ? 'suspend' : 'restore', referenceOf(user)]}
      onDone={() => toast(`${name} ${isSuspension ? 'suspended' : 'restored'}.`)}
      onClose={onClose}
    >
      <Text>
        {isSuspension
          ? 'Sessions end, and logins, access keys, and access to clusters stop working immediately. Memberships stay, and restoring the user brings everything back.'
          : 'Logins and access keys work again, with the memberships that the user has.'}
      </Text>
    </Confirm>
  );
}

function Erase({ user, onClose }: Props) {
  return (
    <Confirm
      title={`Erase ${nameOf(user)}`}
      name={referenceOf(user)}
      verb="Erase user"
      contract={eraseUserRequest}
      input={{ user: user.id }}
      command={['user', 'erase', referenceOf(user)]}
      preview={({ organizations }) => (
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
      )}
      onDone={() => toast('The user was erased.')}
      onClose={onClose}
    >
      <Text>This cannot be undone. An import of an older backup erases the user again.</Text>
    </Confirm>
  );
}

function PasswordLink({ user, onClose }: Props) {
  const name = nameOf(user);
  const [link, setLink] = useState<{ readonly text: string; readonly expiresAt: string }>();
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
      contract={passwordLinkRequest}
      input={{ user: user.id }}
      command={['user', 'reset-password', referenceOf(user)]}
      onDone={({ link: text, mailed, expiresAt }) => {
        if (text === null)
          return toast(
            mailed ? `An e-mail with the link goes to ${name}.` : 'The link was already shown. Create another one.',
          );
        setLink({ text, expiresAt });
        return false;
      }}
      onClose={onClose}
    >
      <Text>
        With the link, {name} sets a new password: once, within 24 hours. It is sent by e-mail, or shown here if the
        platform has no mail server. The present password works until then.
      </Text>
    </Confirm>
  );
}
