import { Button, Group, Text } from '@mantine/core';
import {
  listProjectionsRequest,
  rebuildProjectionRequest,
  retryProjectionRequest,
  type ProjectionView,
} from '#operations/contract';
import { useState } from 'react';
import { useAddress } from '../shared/address.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Confirm } from '../shared/confirm.tsx';
import { EmptyState } from '../shared/empty-state.tsx';
import { useContract } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { StatusDot } from '../shared/status.tsx';
import { toast } from '../shared/toast.ts';
import { AdminPage } from './admin-page.tsx';

/** Milliseconds until positions are read again; no event announces them. */
const REFRESH_MS = 5_000;

type Work = 'rebuild' | 'retry';
interface Chosen {
  readonly name: string;
  readonly work: Work;
}

const STATES = { running: 'RUNNING', 'catching-up': 'PENDING', rebuilding: 'DEPLOYING', stopped: 'FAILED' } as const;

const columns = (choose: (chosen: Chosen) => void): readonly Column<ProjectionView>[] => [
  {
    id: 'name',
    title: 'Name',
    value: ({ name }) => name,
    cell: ({ name, reason, rebuild, parkedDocuments: [first] }) => (
      <>
        <Text ff="monospace" style={{ overflowWrap: 'anywhere' }}>
          {name}
        </Text>
        <Text size="xs" c="dimmed">
          {reason ?? rebuild?.failure ?? (first && `${first.documentId}: ${first.reason}`)}
        </Text>
      </>
    ),
  },
  { id: 'service', title: 'Service', value: ({ context }) => context, cell: ({ context }) => context, isWide: true },
  {
    id: 'state',
    title: 'State',
    value: ({ state }) => state,
    cell: ({ state, rebuild }) => (
      <StatusDot state={STATES[state]}>
        {state === 'rebuilding' && rebuild ? `${state} ${rebuild.percent}%` : state}
      </StatusDot>
    ),
  },
  {
    id: 'lag',
    title: 'Lag',
    value: ({ lagEvents }) => lagEvents,
    cell: ({ lagEvents, lagSeconds }) => `${lagEvents} (${lagSeconds} s)`,
    isWide: true,
  },
  { id: 'parked', title: 'Parked', value: ({ parked }) => parked, cell: ({ parked }) => parked },
  {
    id: 'actions',
    title: 'Actions',
    cell: ({ name, state, parked }) => (
      <Group gap={4}>
        <Button
          size="xs"
          variant="default"
          disabled={state === 'rebuilding'}
          onClick={() => choose({ name, work: 'rebuild' })}
          aria-label={`Rebuild ${name}`}
        >
          Rebuild
        </Button>
        {parked > 0 && (
          <Button
            size="xs"
            variant="default"
            onClick={() => choose({ name, work: 'retry' })}
            aria-label={`Retry parked documents of ${name}`}
          >
            Retry
          </Button>
        )}
      </Group>
    ),
  },
];

export default function ProjectionsPage() {
  return (
    <AdminPage
      title="Projections"
      sentence="The documents that are computed from the log, such as the lists of members and applications, and how far they are behind it."
    >
      <Projections />
    </AdminPage>
  );
}

function Projections() {
  const projections = useContract(listProjectionsRequest, {}, { refreshMs: REFRESH_MS });
  const [state, setAddress] = useAddress();
  const [chosen, setChosen] = useState<Chosen>();
  return (
    <>
      {projections.data?.unanswered.map(({ service, reason }) => (
        <Text key={service} role="status" c="var(--astro-missing)">
          {service} did not respond, so that its projections are missing: {reason}
        </Text>
      ))}
      <ResourceTable
        label="projections"
        list={{
          items: projections.data?.items ?? [],
          isPending: projections.isPending,
          error: projections.error,
          retry: () => void projections.refetch(),
        }}
        columns={columns(setChosen)}
        keyOf={({ name }) => name}
        state={state}
        onState={({ q, sort }) => setAddress({ q, sort })}
        empty={
          <EmptyState title="No projections" command="astroctl admin doctor">
            No service with projections responded.
          </EmptyState>
        }
      />
      <CopyCommand command="astroctl admin projections list" />
      {chosen && <ConfirmWork {...chosen} onClose={() => setChosen(undefined)} />}
    </>
  );
}

function ConfirmWork({ name, work, onClose }: Chosen & { readonly onClose: () => void }) {
  const isRebuild = work === 'rebuild';
  return (
    <Confirm
      title={isRebuild ? `Rebuild ${name}` : `Retry parked documents of ${name}`}
      verb={isRebuild ? 'Rebuild projection' : 'Retry documents'}
      isDangerous={false}
      contract={isRebuild ? rebuildProjectionRequest : retryProjectionRequest}
      input={{ name }}
      command={['admin', 'projections', work, name]}
      onDone={({ parked }) =>
        toast(isRebuild ? `${name} is being rebuilt.` : `${name} retried, ${parked} documents still parked.`)
      }
      onClose={onClose}
    >
      <Text>
        {isRebuild
          ? 'New documents are built from the first event of the log, while the current ones continue to serve. This needs space for both.'
          : 'The documents to which an event could not be applied are built again.'}
      </Text>
    </Confirm>
  );
}
