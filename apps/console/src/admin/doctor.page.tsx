import { Button, Text } from '@mantine/core';
import { doctorRequest, type DoctorCheck } from '#operations/contract';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Loaded } from '../shared/page.tsx';
import { useContract } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { StatusDot } from '../shared/status.tsx';
import { Time } from '../shared/time.tsx';
import { AdminPage } from './admin-page.tsx';

const STATES = { ok: 'OK', warn: 'DEGRADED', failed: 'FAILED' } as const;

const COLUMNS: readonly Column<DoctorCheck>[] = [
  {
    id: 'status',
    title: 'Status',
    cell: ({ status }) => <StatusDot state={STATES[status]}>{status}</StatusDot>,
  },
  { id: 'service', title: 'Service', cell: ({ service }) => service, isWide: true },
  { id: 'name', title: 'Check', cell: ({ name }) => name },
  {
    id: 'message',
    title: 'Message',
    cell: ({ message, fix }) => (
      <>
        {message}
        {fix !== null && <Text size="xs">To fix it: {fix}</Text>}
      </>
    ),
  },
];

export default function DoctorPage() {
  return (
    <AdminPage
      title="Doctor"
      sentence="Checks of the whole platform: stores, login, mail, services, projections, programs, and settings."
    >
      <Report />
    </AdminPage>
  );
}

function Report() {
  const report = useContract(doctorRequest, {});
  return (
    <Loaded query={report} title="The platform was not checked">
      {({ status, version, time, checks }) => (
        <>
          <Text component="div" role="status">
            <StatusDot state={STATES[status]}>{status}</StatusDot> · version {version} · checked <Time at={time} />
          </Text>
          <Button
            variant="default"
            loading={report.isFetching}
            onClick={() => void report.refetch()}
            style={{ alignSelf: 'start' }}
          >
            Check again
          </Button>
          <ResourceTable
            label="checks"
            list={{ items: checks, isPending: false, error: null }}
            columns={COLUMNS}
            keyOf={({ service, name, message }) => `${service} ${name} ${message}`}
            empty={null}
          />
          <CopyCommand command="astroctl admin doctor" />
        </>
      )}
    </Loaded>
  );
}
