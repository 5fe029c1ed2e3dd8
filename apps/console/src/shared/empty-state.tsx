import { Paper, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { CopyCommand } from './copy-command.tsx';

/** Says what belongs here, and what to type or click next. */
export function EmptyState({
  title,
  children,
  command,
  action,
}: {
  readonly title: string;
  readonly children?: ReactNode;
  readonly command?: string;
  readonly action?: ReactNode;
}) {
  return (
    <Paper withBorder p="xl">
      <Stack gap="sm" align="flex-start">
        <Title order={2}>{title}</Title>
        {children !== undefined && <Text c="dimmed">{children}</Text>}
        {command !== undefined && <CopyCommand command={command} />}
        {action}
      </Stack>
    </Paper>
  );
}
