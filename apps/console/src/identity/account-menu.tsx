import { Group, Menu, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { PersonIcon } from '@primer/octicons-react';
import { Link } from '@tanstack/react-router';
import { meRequest } from '#identity/contract';
import { useContract } from '../shared/queries.ts';
import { ADMIN_PLACES } from '../shared/places.ts';
import { logOut } from './log-out.ts';

/** Shows who is logged in, as `astroctl whoami` does, and leads to sessions, appearance, and log out. */
export function AccountMenu({ isNarrow }: { readonly isNarrow: boolean }) {
  const me = useContract(meRequest, {});
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const name = me.data?.email ?? me.data?.userId ?? '';
  return (
    <Menu width={260} position="top-start">
      <Menu.Target>
        <UnstyledButton p="xs" aria-label={`Account ${name}`} w="100%">
          <Group wrap="nowrap" gap="xs">
            <PersonIcon />
            {!isNarrow && (
              <Text truncate style={{ minWidth: 0 }}>
                {name}
              </Text>
            )}
          </Group>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {name}
          <br />
          {me.data?.userId}
          <br />
          global role {me.data?.globalRole}
        </Menu.Label>
        <Menu.Item component={Link} to="/account">
          Account and sessions
        </Menu.Item>
        {me.data?.globalRole === 'admin' && (
          <>
            <Menu.Divider />
            <Menu.Label>Platform</Menu.Label>
            {ADMIN_PLACES.map(([title, to]) => (
              <Menu.Item key={to} component={Link} to={to}>
                {title}
              </Menu.Item>
            ))}
          </>
        )}
        <Menu.Divider />
        {(['light', 'dark', 'auto'] as const).map((scheme) => (
          <Menu.Item
            key={scheme}
            onClick={() => setColorScheme(scheme)}
            role="menuitemradio"
            aria-checked={colorScheme === scheme}
          >
            {scheme === 'auto' ? 'Appearance of the system' : scheme === 'dark' ? 'Dark' : 'Light'}
            {colorScheme === scheme && ' ✓'}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => void logOut()}>Log out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
