import { Alert, Button, Checkbox, Code, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { CopyIconButton } from './copy-command.tsx';

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
