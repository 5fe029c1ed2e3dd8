import type { OutputOf, RequestContract } from '#bus/contract';
import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { CommandDialog, type CommandDialogProps } from './command-dialog.tsx';
import type { ContractForm } from './form.ts';
import { WhatWouldChange } from './what-would-change.tsx';

/** A form on top of a page, with the command of astroctl that does the same, and with what would change. */
export function FormDialog<C extends RequestContract, V extends object>({
  form,
  more,
  isChanged = true,
  preview,
  isAllowed = () => true,
  children,
  onDone,
  onClose,
  ...texts
}: CommandDialogProps & {
  readonly form: ContractForm<C, V>;
  /** Values that have no field. */
  readonly more?: Partial<V>;
  readonly command: string;
  /** Whether there is something to send. */
  readonly isChanged?: boolean;
  /** Shows the result of the dry run, for forms with a preview. */
  readonly preview?: (outcome: OutputOf<C>) => ReactNode;
  /** Returns whether the request can be sent after this dry run. */
  readonly isAllowed?: (outcome: OutputOf<C>) => boolean;
  readonly children: ReactNode;
  /** Called with the result. The dialog closes, unless it returns false. */
  readonly onDone: (value: OutputOf<C>) => unknown;
}) {
  const { data: outcome } = form.dryRun;
  const isKnown = !preview || !form.isComplete || (outcome !== undefined && isAllowed(outcome));
  const submit = async () => {
    const reply = await form.submit(more);
    if (reply && onDone(reply.value) !== false) onClose();
  };
  return (
    <CommandDialog
      {...texts}
      isAllowed={isChanged && isKnown}
      isPending={form.isPending}
      error={form.error}
      onSubmit={() => void submit()}
      onClose={onClose}
    >
      {children}
      {preview && isChanged && form.isComplete && (
        <Stack gap="xs">
          <Text fw={600}>What would change</Text>
          <WhatWouldChange dryRun={form.dryRun}>{preview}</WhatWouldChange>
        </Stack>
      )}
    </CommandDialog>
  );
}
