import { NativeSelect } from '@mantine/core';
import { ROLES, type Role } from '#access';
import type { Rights } from './rights.ts';

const MEANINGS: Readonly<Record<Role, string>> = {
  viewer: 'reads',
  editor: 'deploys applications',
  admin: 'manages members, clusters, and credentials',
  owner: 'may do everything',
};

/** Choice of a role. Roles above the person's own are disabled, since nobody can grant more than they have. */
export function RoleSelect({
  value,
  onChange,
  rights,
  error,
  label = 'Role',
}: {
  readonly value: Role;
  readonly onChange: (role: Role) => void;
  readonly rights: Rights;
  readonly error?: string | undefined;
  readonly label?: string;
}) {
  return (
    <NativeSelect
      label={label}
      description="You can grant roles up to your own."
      value={value}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value as Role)}
      data={ROLES.map((role) => ({
        value: role,
        label: `${role}: ${MEANINGS[role]}`,
        disabled: !rights.mayGrant(role),
      }))}
    />
  );
}
