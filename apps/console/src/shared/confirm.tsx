import { Code, TextInput } from '@mantine/core';
import type { CallerInputOf, OutputOf, RequestContract } from '#bus/contract';
import { useState, type ReactNode } from 'react';
import { CommandDialog, type CommandDialogProps } from './command-dialog.tsx';
import { commandFor, type CommandWords } from './command-line.ts';
import { useCommand, useDryRun } from './queries.ts';
import { WhatWouldChange } from './what-would-change.tsx';

/**
 * Asks before a request is sent. If its contract has dry runs, it can be sent only once one has succeeded, and shows
 * what would change.
 */
export function Confirm<C extends RequestContract>({
  contract,
  input,
  sent = () => input,
  command,
  name,
  preview = () => null,
  isAllowed = () => true,
  refused,
  children,
  isDangerous = true,
  onDone,
  onClose,
  ...texts
}: CommandDialogProps & {
  readonly contract: C;
  /** Input of the dry run, and of the request. */
  readonly input: CallerInputOf<C>;
  /** Returns the input of the request if it differs from that of the dry run, by the result of the latter. */
  readonly sent?: (outcome: OutputOf<C> | undefined) => CallerInputOf<C>;
  /** Words of the command of astroctl that does the same; the organization is added. */
  readonly command: CommandWords;
  /** Name that must be typed. */
  readonly name?: string;
  /** Shows the result of the dry run. */
  readonly preview?: (outcome: OutputOf<C>) => ReactNode;
  /** Returns whether the request can be sent after this dry run. */
  readonly isAllowed?: (outcome: OutputOf<C>) => boolean;
  /** Shows what a refusal asks for. */
  readonly refused?: (error: Error) => ReactNode;
  /** What happens, and fields. */
  readonly children?: ReactNode;
  /** Called with the result. The dialog closes, unless it returns false. */
  readonly onDone: (value: OutputOf<C>) => unknown;
}) {
  const hasDryRun = contract.dryRun === true;
  const [typed, setTyped] = useState('');
  const request = useCommand(contract);
  const dryRun = useDryRun(contract, input, request, hasDryRun);
  const isKnown = !hasDryRun || (dryRun.data !== undefined && isAllowed(dryRun.data));
  const confirm = async () => {
    const reply = await request.run(sent(dryRun.data));
    if (reply) return onDone(reply.value) !== false && onClose();
    if (hasDryRun) void dryRun.refetch(); // something has changed since
  };
  return (
    <CommandDialog
      {...texts}
      isDangerous={isDangerous}
      command={commandFor(input as object, ...command)}
      isAllowed={isKnown && (name === undefined || typed === name)}
      isPending={request.isPending}
      error={request.error}
      onSubmit={() => void confirm()}
      onClose={onClose}
    >
      {children}
      {hasDryRun && <WhatWouldChange dryRun={dryRun}>{preview}</WhatWouldChange>}
      {name !== undefined && (
        <TextInput
          label={
            <>
              Type <Code>{name}</Code> to confirm
            </>
          }
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          data-autofocus
        />
      )}
      {request.error && refused?.(request.error)}
    </CommandDialog>
  );
}
