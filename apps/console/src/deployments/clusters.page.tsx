import { Anchor, Stack, Text } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { listClustersRequest, type ClusterView } from '#deployments/contract';
import { useAddress } from '../shared/address.ts';
import { commandFor } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { EmptyState } from '../shared/empty-state.tsx';
import { Page, Section } from '../shared/page.tsx';
import { useOrg } from '../shared/params.ts';
import { useAllPages } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { StatusDot } from '../shared/status.tsx';
import { Time } from '../shared/time.tsx';
import { useRefusal } from './application-rights.ts';

const columns = (org: string): readonly Column<ClusterView>[] => [
  {
    id: 'name',
    title: 'Name',
    value: ({ name }) => name,
    cell: ({ name }) => (
      <Anchor component={Link} to={`/o/${org}/clusters/${name}`} fw={600}>
        {name}
      </Anchor>
    ),
  },
  {
    id: 'state',
    title: 'State',
    value: ({ state, reason }) => `${state} ${reason ?? ''}`,
    cell: ({ state, reason }) => (
      <>
        <StatusDot state={state} />
        {reason !== null && (
          <Text size="xs" c="dimmed">
            {reason}
          </Text>
        )}
      </>
    ),
  },
  {
    id: 'provider',
    title: 'Provider',
    value: ({ provider, region }) => `${provider} ${region ?? ''}`,
    cell: ({ provider, region }) => (region === null ? provider : `${provider}, ${region}`),
    isWide: true,
  },
  {
    id: 'version',
    title: 'Kubernetes',
    value: ({ version }) => version ?? '',
    cell: ({ version }) => version ?? '–',
    isWide: true,
  },
  { id: 'nodes', title: 'Nodes', value: ({ nodes }) => nodes ?? 0, cell: ({ nodes }) => nodes ?? '–', isWide: true },
  { id: 'apps', title: 'Applications', value: ({ apps }) => apps, cell: ({ apps }) => apps },
  {
    id: 'heartbeat',
    title: 'Last seen',
    value: ({ heartbeat }) => heartbeat ?? '',
    cell: ({ heartbeat }) => <Time at={heartbeat} />,
    isWide: true,
  },
];

export default function ClustersPage() {
  const org = useOrg();
  const register = commandFor({ org }, 'clusters', 'register', '--cluster-name', 'NAME');
  const clusters = useAllPages(listClustersRequest, { org });
  const [{ q, sort }, setAddress] = useAddress();
  const navigate = useNavigate();
  const refusal = useRefusal(org)('cluster.manage');
  return (
    <Page title="Clusters" sentence="Kubernetes clusters that applications are deployed to.">
      <ResourceTable
        label="clusters"
        list={clusters}
        columns={columns(org)}
        keyOf={({ id }) => id}
        state={{ q, sort }}
        onState={(next) => setAddress({ q: next.q, sort: next.sort })}
        onOpen={({ name }) => void navigate({ to: `/o/${org}/clusters/${name}` })}
        empty={
          <EmptyState title="No clusters yet" command={register}>
            The sandbox appears with the first application. A cluster of your own is registered with a command.
          </EmptyState>
        }
      />
      <Section title="Register a cluster">
        <Stack gap="xs">
          <Text>
            The command creates a ServiceAccount on the cluster with your kubeconfig, which stays on your machine. The
            platform gets the token of this ServiceAccount only.
          </Text>
          <CopyCommand command={register} />
          {refusal !== undefined && <Text c="dimmed">You may not register clusters. {refusal}</Text>}
        </Stack>
      </Section>
    </Page>
  );
}
