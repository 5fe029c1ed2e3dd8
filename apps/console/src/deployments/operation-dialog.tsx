import { Checkbox, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { CallerInputOf, OutputOf, RequestContract } from '#bus/contract';
import type { CommandDialogProps } from '../shared/command-dialog.tsx';
import { flagOf, type CommandWords } from '../shared/command-line.ts';
import { Confirm } from '../shared/confirm.tsx';
import { ProblemError } from '../shared/platform.ts';

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
  isNeeded,
  checked,
  onChange,
}: {
  readonly isNeeded: boolean;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}) {
  if (!isNeeded && !checked) return null;
  return (
    <Checkbox
      label="Delete these objects"
      checked={checked}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}

/** Returns whether a change was refused because it would delete most objects of an application. */
export const isOfRemovals = (error: Error | null): boolean =>
  error instanceof ProblemError && error.problem.code === REMOVES_MOST;

/** Returns a reason as the contracts read it: absent if it is empty. */
export const reasonOf = (text: string): { readonly message?: string } =>
  text.trim() === '' ? {} : { message: text.trim() };

/** Asks for an optional reason, then sends an operation such as a restart. */
export function OperationDialog<C extends RequestContract>({
  sentence,
  contract,
  input,
  command,
  ...props
}: CommandDialogProps & {
  /** What happens. */
  readonly sentence: string;
  readonly contract: C;
  readonly input: CallerInputOf<C>;
  readonly command: CommandWords;
  readonly onDone: (value: OutputOf<C>) => unknown;
}) {
  const [reason, setReason] = useState('');
  const [allowsRemovals, setAllowsRemovals] = useState(false);
  return (
    <Confirm
      {...props}
      command={[...command, ...flagOf('-m', reason.trim())]}
      isDangerous={false}
      contract={contract}
      input={input}
      sent={() => {
        const options = { ...reasonOf(reason), ...(allowsRemovals && { allowRemovals: true }) };
        return { ...(input as object), ...options } as CallerInputOf<C>;
      }}
      refused={(error) => (
        <AllowRemovals isNeeded={isOfRemovals(error)} checked={allowsRemovals} onChange={setAllowsRemovals} />
      )}
    >
      <Text>{sentence}</Text>
      <ReasonField value={reason} onChange={setReason} />
    </Confirm>
  );
}
