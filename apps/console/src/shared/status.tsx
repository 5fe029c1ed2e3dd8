import { Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** Colour and shape of a state. The word is always beside it, so that nothing depends on the colour. */
const LOOKS: Readonly<Record<string, readonly [colour: string, shape: string]>> = {
  Healthy: ['ok', '●'],
  Progressing: ['working', '◐'],
  Degraded: ['bad', '▲'],
  Suspended: ['quiet', '❙❙'],
  Missing: ['missing', '○'],
  Unknown: ['quiet', '?'],
  Terminating: ['quiet', '✕'],
  Synced: ['ok', '●'],
  OutOfSync: ['missing', '○'],
  Pinned: ['quiet', '❙❙'],
  REQUESTED: ['working', '◐'],
  RENDERING: ['working', '◐'],
  APPLYING: ['working', '◐'],
  PROGRESSING: ['working', '◐'],
  QUEUED: ['working', '◐'],
  RUNNING: ['ok', '●'],
  SYNCED: ['ok', '●'],
  SUCCEEDED: ['ok', '●'],
  ACTIVE: ['ok', '●'],
  READY: ['ok', '●'],
  CONNECTED: ['ok', '●'],
  OK: ['ok', '●'],
  PENDING: ['working', '◐'],
  DEPLOYING: ['working', '◐'],
  WAITING: ['working', '◐'],
  ROTATED: ['working', '◐'],
  DEGRADED: ['bad', '▲'],
  FAILED: ['bad', '▲'],
  UNREACHABLE: ['bad', '▲'],
  UNAUTHORIZED: ['bad', '▲'],
  LIMITED: ['missing', '○'],
  ABANDONED: ['quiet', '✕'],
  SUPERSEDED: ['quiet', '✕'],
  CONFIGURED: ['quiet', '○'],
  OUT_OF_SYNC: ['missing', '○'],
  PAUSED: ['quiet', '❙❙'],
  SUSPENDED: ['quiet', '❙❙'],
  EXPIRED: ['quiet', '✕'],
  REVOKED: ['quiet', '✕'],
  DELETING: ['quiet', '✕'],
  UNKNOWN: ['quiet', '?'],
};

/** Shows a state as `astroctl` prints it, with a shape and a colour. */
export function StatusDot({ state, children }: { readonly state: string; readonly children?: ReactNode }) {
  const [colour, shape] = LOOKS[state] ?? ['quiet', '?'];
  return (
    <Group gap={6} wrap="nowrap" component="span" display="inline-flex" c={`var(--astro-${colour})`}>
      <span aria-hidden="true">{shape}</span>
      <Text component="span" inherit>
        {children ?? state}
      </Text>
    </Group>
  );
}
