import { Checkbox, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Confirm } from '../shared/dialogs.tsx';
import { ProblemError } from '../shared/platform.ts';

/** What an operation may be sent with. */
export interface OperationOptions {
  readonly message?: string;
  readonly allowRemovals?: boolean;
}

/** Code of the refusal to delete most objects of an application unless that is confirmed. */
const REMOVES_MOST = 'deployments/removes-most';

/** A field for the reason of a change, which the history shows. */
export function ReasonField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  return (
    <TextInput
      label="Reason (optional)"
      description="Shown in the history to all who can read the application. Do not write secrets."
      value={value}
      maxLength={256}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** A checkbox that appears if a change would delete most objects of an application, which must be confirmed. */
export function AllowRemovals({
  error,
  isNeeded = false,
  checked,
  onChange,
}: {
  /** Refusal of the change, if it was sent already. */
  readonly error: Error | null;
  /** Whether a dry run has shown it. */
  readonly isNeeded?: boolean;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}) {
  const isRefused = error instanceof ProblemError && error.problem.code === REMOVES_MOST;
  if (!isRefused && !isNeeded && !checked) return null;
  return (
    <Checkbox
      label="Delete these objects"
      checked={checked}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}

/** Returns a reason as the contracts read it: absent if it is empty. */
export const reasonOf = (text: string): { readonly message?: string } =>
  text.trim() === '' ? {} : { message: text.trim() };

/** Asks for an optional reason, then sends an operation such as a restart. */
export function OperationDialog({
  title,
  sentence,
  verb,
  command,
  operation,
  send,
  onClose,
}: {
  readonly title: string;
  /** What happens. */
  readonly sentence: string;
  readonly verb: string;
  /** The same as a command of astroctl. */
  readonly command: string;
  readonly operation: { readonly isPending: boolean; readonly error: Error | null };
  /** Sends it; the dialog closes unless it resolves to null. */
  readonly send: (options: OperationOptions) => Promise<unknown>;
  readonly onClose: () => void;
}) {
  const [reason, setReason] = useState('');
  const [allowsRemovals, setAllowsRemovals] = useState(false);
  const confirm = async () => {
    const done = await send({ ...reasonOf(reason), ...(allowsRemovals && { allowRemovals: true }) });
    if (done !== null) onClose();
  };
  return (
    <Confirm
      title={title}
      verb={verb}
      isDangerous={false}
      isPending={operation.isPending}
      error={operation.error}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <Text>{sentence}</Text>
      <ReasonField value={reason} onChange={setReason} />
      <CopyCommand command={command} />
      <AllowRemovals error={operation.error} checked={allowsRemovals} onChange={setAllowsRemovals} />
    </Confirm>
  );
}
