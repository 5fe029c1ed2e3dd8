import { ActionIcon, Menu, Text } from '@mantine/core';
import { KebabHorizontalIcon } from '@primer/octicons-react';

/** What can be done with a row of a table. */
export interface RowAction {
  /** A verb with its object, such as `Revoke key`. */
  readonly title: string;
  /** Why it cannot be done, such as `Ask an admin or owner`; absent: it can. */
  readonly refusal?: string | undefined;
  readonly isDangerous?: boolean;
  readonly onClick: () => void;
}

/** Button at the end of a row with what can be done with it. Nothing is shown without an action. */
export function RowMenu({ label, actions }: { readonly label: string; readonly actions: readonly RowAction[] }) {
  if (actions.length === 0) return null;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={label}>
          <KebabHorizontalIcon />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {actions.map(({ title, refusal, isDangerous = false, onClick }) => (
          <Menu.Item
            key={title}
            onClick={onClick}
            disabled={refusal !== undefined}
            {...(isDangerous && refusal === undefined && { c: 'var(--astro-bad)' })}
          >
            {title}
            {refusal !== undefined && (
              <Text size="xs" component="span" display="block">
                {refusal}
              </Text>
            )}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
