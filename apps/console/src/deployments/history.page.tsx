import { Anchor, Button, Group, Stack, Text, VisuallyHidden } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { OutputOf } from '#bus/contract';
import { listRevisionsRequest, type ApplicationView } from '#deployments/contract';
import { useMemo } from 'react';
import { useAddress } from '../shared/address.ts';
import { commandFor } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { EmptyState } from '../shared/empty-state.tsx';
import { useOrg } from '../shared/params.ts';
import { useAllPages } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { StatusDot } from '../shared/status.tsx';
import { Time } from '../shared/time.tsx';
import { ActionButton } from './action-button.tsx';
import { ApplicationFrame } from './application-frame.tsx';
import { useRefusal } from './application-rights.ts';
import { RollbackDialog } from './rollback-dialog.tsx';

type Revision = OutputOf<typeof listRevisionsRequest>['items'][number];

export default function HistoryPage() {
  return <ApplicationFrame tab="History">{(application) => <History application={application} />}</ApplicationFrame>;
}

function History({ application }: { readonly application: ApplicationView }) {
  const org = useOrg();
  const { name } = application;
  const revisions = useAllPages(listRevisionsRequest, { org, name });
  const [{ rollback, q, sort }, setAddress] = useAddress();
  const refusal = useRefusal(org, application)('application.deploy');
  const newestFirst = useMemo(() => [...revisions.items].sort((a, b) => b.revision - a.revision), [revisions.items]);
  const latest = newestFirst[0]?.revision;
  const target = newestFirst.find(({ version }) => version === rollback);
  const columns = columnsOf(`/o/${org}/apps/${name}`, latest, refusal, (version) => setAddress({ rollback: version }));
  return (
    <Stack>
      <Group justify="space-between">
        <CopyCommand command={commandFor({ org }, 'app', 'history', name)} />
        <Button component={Link} to={`/o/${org}/apps/${name}/diff?to=live`} variant="default">
          Compare with the cluster
        </Button>
      </Group>
      <ResourceTable
        label="revisions"
        list={{ ...revisions, items: newestFirst }}
        columns={columns}
        keyOf={({ version }) => version}
        state={{ q, sort }}
        onState={(next) => setAddress({ q: next.q, sort: next.sort })}
        empty={<EmptyState title="No revisions yet">Each change of the application is a revision.</EmptyState>}
      />
      {target && latest !== undefined && (
        <RollbackDialog
          org={org}
          name={name}
          revision={target.revision}
          latest={latest}
          onClose={() => setAddress({ rollback: undefined })}
        />
      )}
    </Stack>
  );
}

function columnsOf(
  base: string,
  latest: number | undefined,
  refusal: string | undefined,
  onRollback: (version: string) => void,
): readonly Column<Revision>[] {
  return [
    {
      id: 'version',
      title: 'Version',
      value: ({ revision }) => revision,
      cell: ({ version, revision }) => (
        <Group gap={6} wrap="nowrap">
          <Text fw={600}>{version}</Text>
          {revision === latest && (
            <Text component="span" size="xs" c="dimmed">
              latest
            </Text>
          )}
        </Group>
      ),
    },
    {
      id: 'state',
      title: 'State',
      value: ({ state }) => state,
      // A revision that runs is being deployed; a state of the same name means for applications that they serve.
      cell: ({ state }) => <StatusDot state={state === 'RUNNING' ? 'APPLYING' : state}>{state}</StatusDot>,
    },
    {
      id: 'change',
      title: 'Change',
      value: ({ source, message }) => `${source} ${message ?? ''}`,
      cell: (revision) => <Change {...revision} />,
    },
    { id: 'by', title: 'By', value: ({ by }) => by, cell: ({ by }) => by, isWide: true },
    { id: 'when', title: 'When', value: ({ when }) => when, cell: ({ when }) => <Time at={when} />, isWide: true },
    {
      id: 'actions',
      title: 'Actions',
      cell: ({ version, revision, rollback }) => (
        <Group gap="xs" wrap="nowrap">
          {revision > 1 && (
            <Anchor component={Link} to={`${base}/diff?from=${revision - 1}&to=${revision}`} size="sm" pos="relative">
              Diff<VisuallyHidden> of {version} with the revision before</VisuallyHidden>
            </Anchor>
          )}
          {revision !== latest && (
            <ActionButton
              size="compact-sm"
              variant="default"
              refusal={refusal ?? (rollback === 'yes' ? undefined : rollback)}
              onClick={() => onRollback(version)}
            >
              Roll back to {version}
            </ActionButton>
          )}
        </Group>
      ),
    },
  ];
}

function Change({ source, message, rollbackOf }: Revision) {
  return (
    <Stack gap={2} style={{ minWidth: 160, overflowWrap: 'anywhere' }}>
      <Text size="sm">{rollbackOf === null ? source : `rollback to ${rollbackOf}`}</Text>
      {message !== undefined && (
        <Text size="sm" fs="italic">
          {message}
        </Text>
      )}
    </Stack>
  );
}
