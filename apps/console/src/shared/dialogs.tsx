import { Alert, Button, Checkbox, Code, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { CopyIconButton } from './copy-command.tsx';
import { Problem } from './problem.tsx';

interface Confirmation {
  readonly title: string;
  /** What happens, and what is lost. */
  readonly children: ReactNode;
  /** The verb with its object, such as `Delete application`. */
  readonly verb: string;
  /** Whether it takes something away. Default: true. */
  readonly isDangerous?: boolean;
  /** Whether what would happen is still unknown, so that it cannot be confirmed yet. */
  readonly isWaiting?: boolean;
  readonly isPending: boolean;
  readonly error: Error | null;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** Asks before something that cannot be undone. */
export function Confirm({ name, ...props }: Confirmation & { /** Name that must be typed. */ readonly name?: string }) {
  const { title, children, verb, isDangerous = true, isWaiting = false, isPending, error, onConfirm, onClose } = props;
  const [typed, setTyped] = useState('');
  const isAllowed = (name === undefined || typed === name) && !isWaiting;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isAllowed) onConfirm();
  };
  return (
    <Modal opened onClose={onClose} title={title} size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack>
          {children}
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
          {error && <Problem error={error} />}
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

/** Shows a secret that cannot be shown again. It closes only after `I have stored it`. */
export function SecretOnce({
  title,
  sentence,
  lines,
  onClose,
}: {
  readonly title: string;
  readonly sentence: string;
  /** Lines to copy, such as `export ASTROPULSE_API_KEY=…`. The first has the focus. */
  readonly lines: readonly { readonly label: string; readonly text: string }[];
  readonly onClose: () => void;
}) {
  const [isStored, setStored] = useState(false);
  return (
    <Modal
      opened
      onClose={() => isStored && onClose()}
      title={title}
      size="lg"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      <Stack>
        <Alert
          color="yellow"
          variant="outline"
          role="status"
          style={{ '--alert-color': 'var(--astro-missing)' }}
          styles={{ message: { color: 'inherit' } }}
        >
          {sentence}
        </Alert>
        {lines.map(({ label, text }) => (
          <Stack key={label} gap={4}>
            <Text size="sm" fw={600}>
              {label}
            </Text>
            <Group wrap="nowrap" gap={4}>
              <Code block style={{ flex: 1, overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }} tabIndex={0}>
                {text}
              </Code>
              <CopyIconButton text={text} label={`Copy ${label}`} />
            </Group>
          </Stack>
        ))}
        <Checkbox
          label="I have stored it"
          checked={isStored}
          onChange={(event) => setStored(event.currentTarget.checked)}
        />
        <Group justify="flex-end">
          <Button disabled={!isStored} onClick={onClose}>
            Close
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
