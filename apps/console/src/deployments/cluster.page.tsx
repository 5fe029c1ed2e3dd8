import { Alert, Code, List, Stack, Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import type { OutputOf } from '#bus/contract';
import {
  clusterAccessRequest,
  deleteClusterRequest,
  getClusterIngressRequest,
  getClusterRequest,
  type ClusterView,
} from '#deployments/contract';
import { commandLine } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Confirm } from '../shared/confirm.tsx';
import { EmptyState } from '../shared/empty-state.tsx';
import { KeyValue } from '../shared/key-value.tsx';
import { Loaded, Page, Section } from '../shared/page.tsx';
import { useOrg, useParam } from '../shared/params.ts';
import { useAllPages, useContract } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { StatusDot } from '../shared/status.tsx';
import { Time } from '../shared/time.tsx';
import { toast } from '../shared/toast.ts';
import { ActionButton } from './action-button.tsx';
import { useRefusal } from './application-rights.ts';
import { LEGIBLE } from './legible.ts';

const ClusterPolicyDialog = lazy(() => import('./cluster-policy-dialog.tsx'));
const ClusterIngressDialog = lazy(() => import('./cluster-ingress-dialog.tsx'));

type Access = OutputOf<typeof clusterAccessRequest>['items'][number];

export default function ClusterPage() {
  const org = useOrg();
  const name = useParam('name');
  const cluster = useContract(getClusterRequest, { org, name });
  const refusal = useRefusal(org)('cluster.manage');
  const [isDeleting, setDeleting] = useState(false);
  return (
    <Page
      title={name}
      {...(cluster.data && {
        sentence: <StatusDot state={cluster.data.state} />,
        action: cluster.data.type === 'registered' && (
          <ActionButton variant="default" refusal={refusal} onClick={() => setDeleting(true)}>
            Delete cluster
          </ActionButton>
        ),
      })}
    >
      <Loaded query={cluster} title={`${name} cannot be shown`}>
        {(data) => (
          <>
            {data.reason !== null && (
              <Alert color="yellow" variant="outline" role="status" styles={LEGIBLE}>
                {data.reason}
              </Alert>
            )}
            <Cluster cluster={data} />
            <Policy org={org} cluster={data} refusal={refusal} />
            <Ingress org={org} name={name} refusal={refusal} />
            <UseWithKubectl name={name} />
            <WhoHasAccess org={org} cluster={data} refusal={refusal} />
          </>
        )}
      </Loaded>
      {isDeleting && <DeleteDialog org={org} name={name} onClose={() => setDeleting(false)} />}
    </Page>
  );
}

function Cluster({ cluster }: { readonly cluster: ClusterView }) {
  const { name, state, provider, region, type, version, nodes, server, heartbeat, createdAt, apps } = cluster;
  return (
    <Section title="State">
      <KeyValue
        pairs={[
          ['State', <StatusDot key="state" state={state} />],
          ['Type', type],
          ['Provider', provider],
          ['Region', region ?? '–'],
          ['Kubernetes', version ?? '–'],
          ['Nodes', nodes ?? '–'],
          ['Server', server],
          ['Last seen', <Time key="heartbeat" at={heartbeat} />],
          ['Applications', apps],
          ['Registered', <Time key="created" at={createdAt} />],
        ]}
      />
      <CopyCommand command={commandLine('clusters', 'get', name)} />
    </Section>
  );
}

function Policy({
  org,
  cluster: { name, policy },
  refusal,
}: {
  readonly org: string;
  readonly cluster: ClusterView;
  readonly refusal: string | undefined;
}) {
  const [isChanging, setChanging] = useState(false);
  const { namespaces, clusterScoped, podSecurity } = policy;
  return (
    <Section
      title="Policy"
      action={
        <ActionButton variant="default" refusal={refusal} onClick={() => setChanging(true)}>
          Change policy
        </ActionButton>
      }
    >
      <Text c="dimmed">What applications can deploy to the cluster.</Text>
      <KeyValue
        pairs={[
          ['Namespaces', namespaces.length === 0 ? '–' : <Code key="namespaces">{namespaces.join(', ')}</Code>],
          ['Cluster-scoped kinds', typeof clusterScoped === 'string' ? clusterScoped : clusterScoped.join(', ') || '–'],
          ['Pod security', podSecurity],
        ]}
      />
      {isChanging && (
        <Suspense>
          <ClusterPolicyDialog org={org} name={name} policy={policy} onClose={() => setChanging(false)} />
        </Suspense>
      )}
    </Section>
  );
}

function Ingress({
  org,
  name,
  refusal,
}: {
  readonly org: string;
  readonly name: string;
  readonly refusal: string | undefined;
}) {
  const ingress = useContract(getClusterIngressRequest, { org, name });
  const [isChanging, setChanging] = useState(false);
  return (
    <Section
      title="Ingress"
      action={
        ingress.data && (
          <ActionButton variant="default" refusal={refusal} onClick={() => setChanging(true)}>
            Change ingress settings
          </ActionButton>
        )
      }
    >
      <Text c="dimmed">
        How applications with external access are reached. A change takes effect at their next apply.
      </Text>
      <Loaded query={ingress} title="The ingress settings cannot be shown">
        {({ class: ingressClass, domain, tls, annotations }) => (
          <KeyValue
            pairs={[
              ['Class', ingressClass ?? 'the default one of the cluster'],
              ['Domain', domain ?? '–'],
              ['TLS', tls],
              [
                'Annotations',
                Object.keys(annotations).length === 0 ? (
                  '–'
                ) : (
                  <List key="annotations" size="sm" listStyleType="none">
                    {Object.entries(annotations).map(([key, value]) => (
                      <List.Item key={key}>
                        {key}={value}
                      </List.Item>
                    ))}
                  </List>
                ),
              ],
            ]}
          />
        )}
      </Loaded>
      {isChanging && ingress.data && (
        <Suspense>
          <ClusterIngressDialog org={org} name={name} settings={ingress.data} onClose={() => setChanging(false)} />
        </Suspense>
      )}
    </Section>
  );
}

function UseWithKubectl({ name }: { readonly name: string }) {
  return (
    <Section title="Use it with kubectl">
      <Text c="dimmed">
        Adds a context to your kubeconfig. It gets short-lived credentials with the permissions of your role, and stores
        no secret.
      </Text>
      <CopyCommand command={commandLine('clusters', 'set-context', name)} />
    </Section>
  );
}

const COLUMNS: readonly Column<Access>[] = [
  { id: 'who', title: 'Who', value: ({ who }) => who, cell: ({ who }) => who },
  { id: 'access', title: 'Access', value: ({ access }) => access, cell: ({ access }) => access },
  {
    id: 'state',
    title: 'State',
    value: ({ state }) => state,
    cell: ({ state, code }) => (
      <>
        <StatusDot state={state === 'ENDING' ? 'DELETING' : state}>{state}</StatusDot>
        {code !== null && (
          <Text size="xs" c="dimmed">
            {code}
          </Text>
        )}
      </>
    ),
  },
  { id: 'since', title: 'Since', value: ({ since }) => since, cell: ({ since }) => <Time at={since} /> },
  {
    id: 'issued',
    title: 'Last credentials',
    value: ({ lastIssued }) => lastIssued ?? '',
    cell: ({ lastIssued }) => <Time at={lastIssued} absent="never" />,
    isWide: true,
  },
];

function WhoHasAccess({
  org,
  cluster: { name },
  refusal,
}: {
  readonly org: string;
  readonly cluster: ClusterView;
  readonly refusal: string | undefined;
}) {
  return (
    <Section title="Who has access">
      {refusal === undefined ? (
        <Accounts org={org} name={name} />
      ) : (
        <Text c="dimmed">You may not see who has access. {refusal}</Text>
      )}
    </Section>
  );
}

function Accounts({ org, name }: { readonly org: string; readonly name: string }) {
  const accounts = useAllPages(clusterAccessRequest, { org, name });
  return (
    <Stack gap="xs">
      <ResourceTable
        label="accounts"
        list={accounts}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        empty={
          <EmptyState title="Nobody has used kubectl yet">
            Members get an account on the cluster with their first credentials. It is deleted when their membership or
            role ends.
          </EmptyState>
        }
      />
      <CopyCommand command={commandLine('clusters', 'access', name)} />
    </Stack>
  );
}

function DeleteDialog({
  org,
  name,
  onClose,
}: {
  readonly org: string;
  readonly name: string;
  readonly onClose: () => void;
}) {
  const navigate = useNavigate();
  return (
    <Confirm
      title={`Delete ${name}`}
      verb="Delete cluster"
      name={name}
      contract={deleteClusterRequest}
      input={{ org, name }}
      command={['clusters', 'delete', name]}
      onDone={() => {
        toast(`Cluster ${name} is being deleted.`);
        void navigate({ to: `/o/${org}/clusters` });
      }}
      onClose={onClose}
    >
      <Text>
        The cluster is removed from the organization, and what the platform created on it for its access is deleted. The
        cluster itself keeps running.
      </Text>
    </Confirm>
  );
}
