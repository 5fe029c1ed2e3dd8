import { Group, Menu, Text, UnstyledButton } from '@mantine/core';
import { ChevronDownIcon, OrganizationIcon } from '@primer/octicons-react';
import { Link, useParams } from '@tanstack/react-router';
import { listOrganizationsRequest, type OrganizationView } from '#organizations/contract';
import { useContract } from '../shared/queries.ts';

/** Returns the texts of the button, which the rail of icons does not show, for screen readers. */
const labelOf = (current: OrganizationView | undefined, org: string | undefined): string =>
  current ? `${current.name} ${current.role ?? 'global admin'} · ${current.plan}` : (org ?? 'Organizations');

/** Shows the organization with role and plan, and changes to another one. */
export function OrganizationSwitcher({ isNarrow }: { readonly isNarrow: boolean }) {
  const { org } = useParams({ strict: false });
  const organizations = useContract(listOrganizationsRequest, {});
  const items = organizations.data?.items ?? [];
  const current = items.find(({ id, slug }) => slug === org || id === org);
  return (
    <Menu width={232} position="bottom-start">
      <Menu.Target>
        <UnstyledButton p="xs" {...(isNarrow && { 'aria-label': labelOf(current, org) })} w="100%">
          <Group wrap="nowrap" gap="xs">
            <OrganizationIcon />
            {!isNarrow && (
              <>
                <div style={{ flex: 1, minWidth: 0 }}>
                  <Text fw={600} truncate>
                    {current?.name ?? org ?? 'Organizations'}
                  </Text>
                  {current && (
                    <Text size="xs" c="dimmed" truncate>
                      {current.role ?? 'global admin'} · {current.plan}
                    </Text>
                  )}
                </div>
                <ChevronDownIcon />
              </>
            )}
          </Group>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {items.map(({ id, name, slug, role, plan }) => (
          <Menu.Item key={id} component={Link} to={`/o/${slug}`}>
            <Text truncate>{name}</Text>
            <Text size="xs" c="dimmed">
              {role ?? 'global admin'} · {plan}
            </Text>
          </Menu.Item>
        ))}
        {items.length === 0 && <Menu.Item disabled>You are in no organization</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}
