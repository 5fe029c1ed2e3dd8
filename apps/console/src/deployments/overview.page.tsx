import { Anchor, SegmentedControl, SimpleGrid, Switch, Table, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useMemo } from 'react';
import {
  applicationResourcesRequest,
  applicationStatusRequest,
  applicationTopRequest,
  type ApplicationStatusView,
  type ApplicationView,
} from '#deployments/contract';
import { useAddress } from '../shared/address.ts';
import { commandFor } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { KeyValue } from '../shared/key-value.tsx';
import { ExternalLink, Loaded, Loading, Section } from '../shared/page.tsx';
import { useOrg } from '../shared/params.ts';
import { Problem } from '../shared/problem.tsx';
import { useContract } from '../shared/queries.ts';
import { StatusDot } from '../shared/status.tsx';
import { Time } from '../shared/time.tsx';
import { ApplicationFrame, lookEveryMs } from './application-frame.tsx';
import { ApplicationProblem } from './application-problem.tsx';
import { bytesText, coresText } from './pod-use.ts';
import { ResourceList } from './resource-list.tsx';
import { podHealth, resourceTree, type Pod } from './resource-tree.ts';

const ResourceGraph = lazy(() => import('./resource-graph.tsx'));

export default function OverviewPage() {
  return <ApplicationFrame tab="Overview">{(application) => <Overview application={application} />}</ApplicationFrame>;
}

function Overview({ application }: { readonly application: ApplicationView }) {
  const org = useOrg();
  const { name } = application;
  const status = useContract(applicationStatusRequest, { org, name }, { refreshMs: lookEveryMs(application) });
  return (
    <>
      <ApplicationProblem application={status.data ?? application} />
      <Resources application={application} pods={status.data?.pods ?? []} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Section title="Status">
          <StatusLines status={status.data ?? application} />
          <CopyCommand command={commandFor({ org }, 'app', 'status', name)} />
        </Section>
        <Section title="Configuration">
          <Configuration application={application} />
        </Section>
      </SimpleGrid>
      <Section title="Pods">
        <Loaded query={status} title="The pods cannot be shown">
          {({ pods }) => <Pods org={org} application={application} pods={pods} />}
        </Loaded>
      </Section>
    </>
  );
}

/** The lines of `astroctl app status`. */
function StatusLines({ status }: { readonly status: Omit<ApplicationStatusView, 'pods'> }) {
  const { endpoint } = status;
  return (
    <KeyValue
      pairs={[
        ['Name', status.name],
        ['Status', <StatusDot key="status" state={status.status} />],
        ['Health', <StatusDot key="health" state={status.health} />],
        ['Sync', <StatusDot key="sync" state={status.sync} />],
        ['Version', status.version],
        ['Organization', status.organization],
        ['Profile', status.profileName],
        ['Cluster', status.clusterName],
        ['Provider', status.provider],
        ['Region', status.region ?? '–'],
        ['Target namespace', status.targetNamespace],
        ['Source type', status.sourceType],
        ['Source', status.sourceRef],
        ['Replicas', status.replicas ?? '–'],
        [
          'Endpoint',
          endpoint === null ? (
            '–'
          ) : /^https?:\/\//.test(endpoint) ? (
            <ExternalLink key="endpoint" href={endpoint}>
              {endpoint}
            </ExternalLink>
          ) : (
            endpoint
          ),
        ],
        ['Updated', <Time key="updated" at={status.updatedAt} />],
        ['Message', status.message ?? '–'],
      ]}
    />
  );
}

function Configuration({ application }: { readonly application: ApplicationView }) {
  const { tier, limits, autoscaling, deployedBy, createdAt, labels, description } = application;
  return (
    <KeyValue
      pairs={[
        ['Description', description],
        ['Tier', tier],
        ['Limits', limits],
        ['Autoscaling', autoscaling],
        ['Protected', application.protected ? 'yes: only owners and admins can change it' : 'no'],
        ['Deployed by', deployedBy],
        ['Created', <Time key="created" at={createdAt} />],
        [
          'Labels',
          Object.keys(labels).length === 0
            ? null
            : Object.entries(labels)
                .map(([key, value]) => `${key}=${value}`)
                .join(', '),
        ],
      ]}
    />
  );
}

function Resources({ application, pods }: { readonly application: ApplicationView; readonly pods: readonly Pod[] }) {
  const org = useOrg();
  const { name, health } = application;
  const resources = useContract(applicationResourcesRequest, { org, name }, { refreshMs: lookEveryMs(application) });
  const [{ view, open }, setAddress] = useAddress();
  const isNarrow = useMediaQuery('(max-width: 45em)') ?? false;
  const shown = view ?? (isNarrow ? 'list' : 'graph');
  const unfolded = useMemo(() => new Set((open ?? '').split(',').filter(Boolean)), [open]);
  const unfold = (kind: string) => setAddress({ open: [...unfolded, kind].join(',') });
  const items = resources.data?.items;
  const tree = useMemo(
    () => items && resourceTree({ name, health }, items, pods, unfolded),
    [items, name, health, pods, unfolded],
  );
  return (
    <Section
      title="Objects"
      action={
        <SegmentedControl
          size="xs"
          aria-label="Show objects as"
          value={shown}
          onChange={(value) => setAddress({ view: value })}
          data={[
            { value: 'graph', label: 'Graph' },
            { value: 'list', label: 'List' },
          ]}
        />
      }
    >
      <Loaded query={resources} title="The objects cannot be shown">
        {() =>
          tree === undefined || tree.children.length === 0 ? (
            <Text c="dimmed">There are no objects on the cluster yet.</Text>
          ) : shown === 'graph' ? (
            <Suspense fallback={<Loading />}>
              <ResourceGraph tree={tree} onUnfold={unfold} />
            </Suspense>
          ) : (
            <ResourceList
              tree={tree}
              logsOf={(pod) => `/o/${org}/apps/${name}/logs?pod=${encodeURIComponent(pod)}`}
              onUnfold={unfold}
            />
          )
        }
      </Loaded>
      {unfolded.size > 0 && (
        <Anchor component="button" type="button" size="sm" onClick={() => setAddress({ open: undefined })}>
          Fold kinds with more than five objects
        </Anchor>
      )}
      <CopyCommand command={commandFor({ org }, 'app', 'resources', name)} />
    </Section>
  );
}

function Pods({
  org,
  application,
  pods,
}: {
  readonly org: string;
  readonly application: ApplicationView;
  readonly pods: readonly Pod[];
}) {
  const { name } = application;
  const [{ use: isUseShown }, setAddress] = useAddress();
  const top = useContract(
    applicationTopRequest,
    { org, name },
    { refreshMs: 30_000, enabled: isUseShown === 'yes' && pods.length > 0 },
  );
  if (pods.length === 0) return <Text c="dimmed">No pods run.</Text>;
  return (
    <>
      <Switch
        label="Show CPU and memory"
        checked={isUseShown === 'yes'}
        onChange={(event) => setAddress({ use: event.currentTarget.checked ? 'yes' : undefined })}
      />
      {top.error && <Problem error={top.error} title="CPU and memory cannot be shown" />}
      <Table.ScrollContainer minWidth={520} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              {['Name', 'State', 'Ready', 'Restarts', ...(top.data ? ['CPU', 'Memory'] : []), 'Node', 'Created'].map(
                (title) => (
                  <Table.Th key={title} scope="col">
                    {title}
                  </Table.Th>
                ),
              )}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {pods.map((pod) => {
              const use = top.data?.items.find((item) => item.name === pod.name);
              return (
                <Table.Tr key={pod.name}>
                  <Table.Td>
                    <Anchor component={Link} to={`/o/${org}/apps/${name}/logs?pod=${encodeURIComponent(pod.name)}`}>
                      {pod.name}
                    </Anchor>
                  </Table.Td>
                  <Table.Td>
                    <StatusDot state={podHealth(pod)}>{pod.state}</StatusDot>
                  </Table.Td>
                  <Table.Td>{pod.ready}</Table.Td>
                  <Table.Td>{pod.restarts}</Table.Td>
                  {top.data && (
                    <>
                      <Table.Td>{coresText(use?.cpu.used)}</Table.Td>
                      <Table.Td>{bytesText(use?.memory.used)}</Table.Td>
                    </>
                  )}
                  <Table.Td>{pod.node ?? '–'}</Table.Td>
                  <Table.Td>
                    <Time at={pod.createdAt} />
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}
