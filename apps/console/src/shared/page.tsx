import { Anchor, Box, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import type { ProblemError } from './platform.ts';
import { Problem } from './problem.tsx';

/** A page: its title, one sentence or status, the primary action, and the content. */
export function Page({
  title,
  sentence,
  action,
  children,
}: {
  readonly title: string;
  readonly sentence?: ReactNode;
  readonly action?: ReactNode;
  readonly children: ReactNode;
}) {
  useDocumentTitle(`${title} · Astro Platform`);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Box style={{ minWidth: 0, flex: '1 1 16rem' }}>
          <Title order={1} id="page-title" tabIndex={-1} style={{ overflowWrap: 'anywhere' }}>
            {title}
          </Title>
          {sentence !== undefined && (
            <Text c="dimmed" component="div">
              {sentence}
            </Text>
          )}
        </Box>
        {action}
      </Group>
      {children}
    </Stack>
  );
}

/** A part of a page with a heading. */
export function Section({
  title,
  action,
  children,
}: {
  readonly title: string;
  readonly action?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <Stack gap="sm" component="section">
      <Group justify="space-between">
        <Title order={2}>{title}</Title>
        {action}
      </Group>
      {children}
    </Stack>
  );
}

/** Shows what was read, a skeleton until then, or the problem. */
export function Loaded<T>({
  query,
  title,
  children,
}: {
  readonly query: {
    readonly data: T | undefined;
    readonly error: ProblemError | null;
    readonly refetch: () => unknown;
  };
  /** What cannot be shown, such as `The members cannot be shown`. */
  readonly title: string;
  readonly children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Problem error={query.error} title={title} onRetry={() => void query.refetch()} />;
  return <Loading />;
}

/** Lines where content will be. */
export function Loading({ lines = 4 }: { readonly lines?: number }) {
  return (
    <Stack gap="sm" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, index) => (
        <Skeleton key={index} height={20} />
      ))}
    </Stack>
  );
}

/** A link to another site or to a file. */
export function ExternalLink({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  return (
    <Anchor href={href} target="_blank" rel="noreferrer" underline="always">
      {children}
    </Anchor>
  );
}
