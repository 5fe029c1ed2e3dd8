import { age, ExitCode, isCommandError, usage, type Column, type Options, type Outcome, type Session } from '#cli';
import type { OutputOf } from '#bus/contract';
import {
  clusterAccessRequest,
  allClusterEventsRequest,
  clusterEventsRequest,
  clusterKubeconfigRequest,
  deleteClusterRequest,
  getClusterPolicyRequest,
  getClusterRequest,
  listClustersRequest,
  policySchema,
  setClusterPolicyRequest,
  type ClusterEventView,
  type ClusterView,
} from '#deployments/contract';
import type { clusterCommands } from './commands.cli.ts';
import { everyPage } from './logs.cli.ts';

type AccessRow = OutputOf<typeof clusterAccessRequest>['items'][number];

const LINES = [
  'name',
  'state',
  'reason',
  'provider',
  'region',
  'type',
  'version',
  'nodes',
  'server',
  'heartbeat',
  'apps',
  'createdAt',
] as const satisfies readonly (keyof ClusterView)[];
const POLICY_LINES = ['namespaces', 'clusterScoped', 'podSecurity'] as const;

/** Runs `clusters list [-p PROVIDER]`. */
export async function clustersList(
  options: Options<typeof clusterCommands.clustersList>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const provider = options.provider;
  const listed = await session.list(listClustersRequest, { org, ...(provider !== undefined && { provider }) });
  if (!listed.ok) return listed.failure;
  const nowMs = session.io.clock.now();
  const columns: Column<ClusterView>[] = [
    { title: 'NAME', value: (row) => row.name },
    { title: 'STATE', value: (row) => row.state },
    { title: 'PROVIDER', value: (row) => row.provider },
    { title: 'REGION', value: (row) => row.region },
    { title: 'TYPE', value: (row) => row.type },
    { title: 'VERSION', value: (row) => row.version },
    { title: 'NODES', value: (row) => row.nodes },
    { title: 'AGE', value: (row) => age(row.createdAt, nowMs) },
    { title: 'REASON', value: (row) => row.reason, wide: true },
    { title: 'SERVER', value: (row) => row.server, wide: true },
  ];
  await session.print.list(listed.value, {
    columns,
    name: (row) => `cluster/${row.name}`,
    empty: 'No clusters.',
  });
  return ExitCode.Success;
}

/** Runs `clusters get [NAME]`. */
export async function clustersGet(
  options: Options<typeof clusterCommands.clustersGet>,
  session: Session,
): Promise<Outcome> {
  const name = options.name;
  if (name === undefined) return clustersList({ provider: undefined }, session);
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(getClusterRequest, { org, name });
  if (!found.ok) return found.failure;
  await session.print.one(found.value, { lines: LINES, name: (value) => `cluster/${value.name}` });
  return ExitCode.Success;
}

/** Runs `clusters access NAME`. */
export async function clustersAccess(
  options: Options<typeof clusterCommands.clustersAccess>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const name = options.name;
  const listed = await session.list(clusterAccessRequest, { org, name });
  if (!listed.ok) return listed.failure;
  const nowMs = session.io.clock.now();
  const columns: Column<AccessRow>[] = [
    { title: 'WHO', value: (row) => row.who },
    {
      title: 'ACCESS',
      value: (row) => (row.state === 'ENDING' ? `ending${row.code === null ? '' : ` (${row.code})`}` : row.access),
    },
    { title: 'SINCE', value: (row) => age(row.since, nowMs) },
    { title: 'LAST-ISSUED', value: (row) => (row.lastIssued === null ? null : age(row.lastIssued, nowMs)) },
  ];
  await session.print.list(listed.value, {
    columns,
    name: (row) => `member/${row.id}`,
    empty: `No member has requested access to cluster ${name}.`,
  });
  return ExitCode.Success;
}

const eventColumns = (name: string | undefined): readonly Column<ClusterEventView>[] => [
  { title: 'TIME', value: (event) => event.time },
  ...(name === undefined ? [{ title: 'CLUSTER', value: (event: ClusterEventView) => event.cluster }] : []),
  { title: 'STATE', value: (event) => event.state },
  { title: 'MESSAGE', value: (event) => event.message },
  { title: 'BY', value: (event) => event.by, wide: true },
];

/** Runs `clusters events [NAME] [-f]`: the events of one cluster, or of all. */
export async function clustersEvents(
  { name, follow }: Options<typeof clusterCommands.clustersEvents>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const columns = eventColumns(name);
  const read = (place: { readonly follow?: true; readonly limit?: number; readonly after?: string }) =>
    name === undefined
      ? session.stream(allClusterEventsRequest, { org, ...place })
      : session.stream(clusterEventsRequest, { org, name, ...place });
  if (follow) {
    const row = session.print.rows(columns);
    for await (const event of read({ follow })) row(event);
    return ExitCode.Success;
  }
  const events: ClusterEventView[] = [];
  for await (const event of everyPage(read)) events.push(event);
  await session.print.list(events, {
    columns,
    name: (event) => `event/${event.state}`,
    empty: 'No events.',
  });
  return ExitCode.Success;
}

/** Runs `clusters delete NAME`. */
export async function clustersDelete(
  options: Options<typeof clusterCommands.clustersDelete>,
  session: Session,
): Promise<Outcome> {
  const name = options.name;
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const sure = await session.confirm(`Remove cluster ${name} from the platform? Nothing on the cluster is changed.`);
  if (isCommandError(sure)) return sure;
  const done = await session.call(deleteClusterRequest, { org, name });
  if (!done.ok) return done.failure;
  await session.print.done(done.value, { text: `cluster/${name} deleted`, name: `cluster/${name}` });
  session.print.note(
    'The ServiceAccount of the platform remains on the cluster; remove it: kubectl delete namespace astro-system',
  );
  return ExitCode.Success;
}

/** Runs `clusters policy get NAME`. */
export async function policyGet(
  options: Options<typeof clusterCommands.policyGet>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(getClusterPolicyRequest, { org, name: options.name });
  if (!found.ok) return found.failure;
  await printPolicy(options.name, found.value, session);
  return ExitCode.Success;
}

/** Runs `clusters policy set NAME`: changes only the keys that are given. */
export async function policySet(
  options: Options<typeof clusterCommands.policySet>,
  session: Session,
): Promise<Outcome> {
  const words = (list: string | undefined) =>
    list
      ?.split(',')
      .map((word) => word.trim())
      .filter(Boolean);
  const namespaces = words(options.namespaces);
  const scoped = options['cluster-scoped'];
  const podSecurity = options['pod-security'];
  const policy = policySchema.safeParse({
    ...(namespaces && { namespaces }),
    ...(scoped !== undefined && {
      clusterScoped: scoped === 'deny' || scoped === 'allow' ? scoped : words(scoped),
    }),
    ...(podSecurity !== undefined && { podSecurity }),
  });
  if (!policy.success)
    return usage(
      `Invalid policy: ${policy.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')}.`,
      'see: astroctl clusters policy set -h',
    );
  if (Object.keys(policy.data).length === 0)
    return usage('Nothing to change.', 'add --namespaces, --cluster-scoped, or --pod-security');
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const name = options.name;
  const { namespaces: globs, clusterScoped, podSecurity: level } = policy.data;
  const changed = await session.call(setClusterPolicyRequest, {
    org,
    name,
    ...(globs && { namespaces: globs }),
    ...(clusterScoped !== undefined && { clusterScoped }),
    ...(level && { podSecurity: level }),
  });
  if (!changed.ok) return changed.failure;
  session.print.note(`Policy of ${name} changed.`);
  await printPolicy(name, changed.value, session);
  return ExitCode.Success;
}

async function printPolicy(
  cluster: string,
  policy: {
    readonly namespaces: readonly string[];
    readonly clusterScoped: string | readonly string[];
    readonly podSecurity: string;
  },
  session: Session,
): Promise<void> {
  const { namespaces, clusterScoped, podSecurity } = policy;
  const isText = session.print.format === 'table' || session.print.format === 'wide';
  const shown = {
    namespaces: namespaces.join(','),
    clusterScoped: typeof clusterScoped === 'string' ? clusterScoped : clusterScoped.join(','),
    podSecurity,
  };
  await session.print.one(isText ? shown : policy, { lines: POLICY_LINES, name: () => `cluster/${cluster}` });
}

/**
 * Runs `kube-token`: prints a token for kubectl as an ExecCredential of client.authentication.k8s.io/v1. The token is
 * not stored.
 */
export async function kubeToken(
  options: Options<typeof clusterCommands.kubeToken>,
  session: Session,
): Promise<Outcome> {
  const name = options.cluster;
  if (name === undefined)
    return usage('kube-token is run by kubectl and requires --cluster.', 'astroctl clusters set-context NAME');
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const issued = await session.call(clusterKubeconfigRequest, { org, name });
  if (!issued.ok) return issued.failure;
  const { token, expiresAt } = issued.value;
  session.print.line(
    JSON.stringify({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token, expirationTimestamp: expiresAt },
    }),
  );
  return ExitCode.Success;
}

export { healthGet, healthSet } from './health.cli.ts';
export { ingressGet, ingressSet } from './ingress.cli.ts';
export { clustersRegister } from './register-cluster.cli.ts';
export { deleteContext, setContext } from './kube-context.cli.ts';
