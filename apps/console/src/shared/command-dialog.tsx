import { Button, Group, Modal, Stack } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import { CopyCommand } from './copy-command.tsx';
import { Problem } from './problem.tsx';

/** What every dialog that changes something says and does. */
export interface CommandDialogProps {
  readonly title: string;
  /** The verb with its object, such as `Delete application`. */
  readonly verb: string;
  /** Whether it takes something away. */
  readonly isDangerous?: boolean;
  readonly onClose: () => void;
}

/** A dialog that sends one request, with the command of astroctl that does the same. */
export function CommandDialog({
  title,
  verb,
  isDangerous = false,
  command,
  isAllowed,
  isPending,
  error,
  onSubmit,
  onClose,
  children,
}: CommandDialogProps & {
  readonly command: string;
  /** Whether it can be sent yet. */
  readonly isAllowed: boolean;
  readonly isPending: boolean;
  readonly error: Error | null;
  readonly onSubmit: () => void;
  readonly children: ReactNode;
}) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isAllowed) onSubmit();
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
            <Button type="submit" {...(isDangerous && { color: 'red.9' })} disabled={!isAllowed} loading={isPending}>
              {verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
