import { Alert, List, Stack, Text } from '@mantine/core';
import type { OutputOf } from '#bus/contract';
import type { applyApplicationRequest } from '#deployments/contract';
import { LEGIBLE } from './legible.ts';

type ApplyOutcome = Pick<
  OutputOf<typeof applyApplicationRequest>,
  'outcome' | 'changes' | 'moved' | 'removals' | 'warnings'
>;

const SENTENCES: Readonly<Record<ApplyOutcome['outcome'], string>> = {
  created: 'A new application is created and deployed.',
  configured: 'A new revision is deployed.',
  unchanged: 'Nothing changes.',
  synced: 'Nothing changes. The latest revision is deployed again.',
};

/** Shows what a dry run of an apply or a rollback found. */
export function Outcome({
  outcome: { outcome, changes, moved, removals, warnings = [] },
}: {
  readonly outcome: ApplyOutcome;
}) {
  return (
    <Stack gap="xs" role="status">
      <Text fw={600}>{SENTENCES[outcome]}</Text>
      {(changes.length > 0 || moved !== undefined) && (
        <List size="sm" style={{ overflowWrap: 'anywhere' }}>
          {[...changes, ...(moved === undefined ? [] : [moved])].map((change) => (
            <List.Item key={change}>{change}</List.Item>
          ))}
        </List>
      )}
      {removals !== undefined && (
        <Alert color="red" variant="outline" styles={LEGIBLE}>
          {removals}.
        </Alert>
      )}
      {warnings.map((warning) => (
        <Text key={warning} size="sm" c="var(--astro-missing)">
          {warning}
        </Text>
      ))}
    </Stack>
  );
}
