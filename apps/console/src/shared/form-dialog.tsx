import { Button, Group, Modal, Stack } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import { CopyCommand } from './copy-command.tsx';
import { Problem } from './problem.tsx';

/** A form on top of a page, with the command of astroctl that does the same. */
export function FormDialog({
  title,
  verb,
  command,
  isPending,
  error,
  onSubmit,
  onClose,
  children,
}: {
  readonly title: string;
  /** The verb with its object, such as `Invite member`. */
  readonly verb: string;
  readonly command: string;
  readonly isPending: boolean;
  readonly error: Error | null;
  readonly onSubmit: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Modal opened onClose={onClose} title={title} size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit} noValidate>
        <Stack>
          {children}
          {error && <Problem error={error} />}
          <CopyCommand command={command} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={isPending}>
              {verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
