import { ActionIcon, Code, CopyButton, Group, Tooltip } from '@mantine/core';
import { CheckIcon, CopyIcon } from '@primer/octicons-react';

/** A button that copies a text. */
export function CopyIconButton({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : label}>
          <ActionIcon variant="subtle" color="gray" onClick={copy} aria-label={copied ? 'Copied' : label}>
            {copied ? <CheckIcon /> : <CopyIcon />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** A command for a terminal, with a button that copies it. */
export function CopyCommand({
  command,
  label = 'Copy command',
}: {
  readonly command: string;
  readonly label?: string;
}) {
  return (
    <Group gap={4} wrap="nowrap" maw="100%" style={{ minWidth: 0 }}>
      <Code style={{ overflowX: 'auto', whiteSpace: 'pre', minWidth: 0 }} tabIndex={0}>
        {command}
      </Code>
      <CopyIconButton text={command} label={label} />
    </Group>
  );
}
