import { List, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { KeyValue } from './key-value.tsx';
import type { ProblemError } from './platform.ts';
import { Loading } from './page.tsx';
import { Problem } from './problem.tsx';

/** Shows the dry run of a change before its button becomes active. */
export function WhatWouldChange<T>({
  dryRun,
  children,
}: {
  readonly dryRun: {
    readonly data: T | undefined;
    readonly error: ProblemError | null;
    readonly refetch: () => unknown;
  };
  readonly children: (outcome: T) => ReactNode;
}) {
  if (dryRun.error) return <Problem error={dryRun.error} onRetry={() => void dryRun.refetch()} />;
  return dryRun.data === undefined ? <Loading lines={2} /> : <>{children(dryRun.data)}</>;
}

/** Settings before and after a change. Those that stay are left out. */
export function Changes({
  pairs,
}: {
  readonly pairs: readonly (readonly [name: string, before: string | undefined, after: string])[];
}) {
  const changed = pairs.filter(([, before, after]) => before !== after);
  if (changed.length === 0) return <Text>Nothing changes.</Text>;
  return (
    <KeyValue
      pairs={changed.map(([name, before, after]) => [
        name,
        <span key={name} style={{ overflowWrap: 'anywhere' }}>
          {before !== undefined && (
            <>
              <del>{before}</del> <span aria-hidden="true">→</span>{' '}
            </>
          )}
          <ins style={{ textDecoration: 'none', fontWeight: 600 }}>{after}</ins>
        </span>,
      ])}
    />
  );
}

/** A list of what is taken away, with a sentence before it. Nothing is shown if it is empty. */
export function Losses({ sentence, items }: { readonly sentence: string; readonly items: readonly string[] }) {
  if (items.length === 0) return null;
  return (
    <Stack gap={4}>
      <Text fw={600}>{sentence}</Text>
      <List size="sm">
        {items.map((item) => (
          <List.Item key={item}>{item}</List.Item>
        ))}
      </List>
    </Stack>
  );
}
