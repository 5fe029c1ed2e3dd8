import { DEFAULT_HEALTH, DEFAULT_INGRESS, type HealthSettings, type IngressSettings } from '#deployments/contract';
import { assertNever, canonicalJson, err, ok, type Actor, type Decider, type Result } from '#kernel';
import type { ClusterRegistration, WholePolicy } from '../catalog/beginnings.ts';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';
import { clusterEvents, stateOf, type ClusterEvent, type ClusterReport } from './cluster.events.ts';
import { decideAccess, evolveAccesses, noAccesses, type AccessCommand, type MemberAccesses } from './member-access.ts';
import { isOwnCluster } from './registration.ts';

/** State of a cluster for its decisions. */
export type Cluster =
  | { readonly status: 'absent' }
  | { readonly status: 'deleted' }
  | {
      readonly status: 'active';
      readonly registration: ClusterRegistration;
      readonly policy: WholePolicy;
      readonly ingress: IngressSettings;
      readonly health: HealthSettings;
      /** Revision at which `health` was set; 0 if it never was. */
      readonly healthRevision: number;
      /** Counts registrations, policies, and settings. Used for If-Match. */
      readonly revision: number;
      readonly report: ClusterReport;
      readonly accesses: MemberAccesses;
    };

/** A registered cluster. */
export type ActiveCluster = Extract<Cluster, { status: 'active' }>;

/** Absent members do not change. An annotation that is null is removed. */
export type IngressChange = Partial<Omit<IngressSettings, 'annotations'>> & {
  readonly annotations?: Readonly<Record<string, string | null>>;
};

const MAX_ANNOTATIONS = 20;

/** Commands of a cluster. */
export type ClusterCommand =
  | { readonly type: 'register'; readonly registration: ClusterRegistration }
  | { readonly type: 'set-policy'; readonly policy: Partial<WholePolicy> }
  | { readonly type: 'set-ingress'; readonly ingress: IngressChange }
  | { readonly type: 'set-health'; readonly health: HealthSettings }
  | { readonly type: 'report'; readonly report: ClusterReport }
  | AccessCommand
  | { readonly type: 'delete' };

/** What a cluster keeps when it is registered again. */
const NEW = {
  ingress: DEFAULT_INGRESS,
  health: DEFAULT_HEALTH,
  healthRevision: 0,
  revision: 0,
  accesses: noAccesses,
} as const satisfies Partial<ActiveCluster>;

function evolve(cluster: Cluster, event: ClusterEvent): Cluster {
  switch (event.type) {
    case 'cluster.registered.v1':
    case 'cluster.changed.v1': {
      const { policy, version, nodes } = event.data;
      const kept = cluster.status === 'active' ? cluster : NEW;
      return {
        ...kept,
        status: 'active',
        registration: event.data,
        policy,
        revision: kept.revision + 1,
        report: { ...stateOf(event.data), version, nodes },
      };
    }
    case 'cluster.policy-set.v1':
      return cluster.status === 'active'
        ? { ...cluster, policy: event.data.policy, revision: cluster.revision + 1 }
        : cluster;
    case 'cluster.ingress-set.v1':
      return cluster.status === 'active'
        ? { ...cluster, ingress: event.data.ingress, revision: cluster.revision + 1 }
        : cluster;
    case 'cluster.health-set.v1': {
      if (cluster.status !== 'active') return cluster;
      const revision = cluster.revision + 1;
      return { ...cluster, health: event.data, healthRevision: revision, revision };
    }
    case 'cluster.state-changed.v1':
      return cluster.status === 'active' ? { ...cluster, report: event.data } : cluster;
    case 'cluster.access-granted.v1':
    case 'cluster.kubeconfig-issued.v1':
    case 'cluster.access-ending.v1':
    case 'cluster.access-end-failed.v1':
    case 'cluster.access-ended.v1':
      return cluster.status === 'active' ? { ...cluster, accesses: evolveAccesses(cluster.accesses, event) } : cluster;
    case 'cluster.deleted.v1':
      return { status: 'deleted' };
    default:
      return assertNever(event);
  }
}

function decide(
  command: ClusterCommand,
  cluster: Cluster,
  actor: Actor,
): Result<readonly ClusterEvent[], DeploymentsError> {
  if (command.type === 'delete')
    return ok(cluster.status === 'deleted' ? [] : [{ type: 'cluster.deleted.v1', data: {} }]);
  if (command.type === 'register') return register(command.registration, cluster);
  if (cluster.status !== 'active') return err(deploymentsErrors.clusterNotFound('of that id', []));
  switch (command.type) {
    case 'set-policy': {
      const policy = { ...cluster.policy, ...command.policy };
      if (isOwnCluster(cluster.registration) && differsInRights(policy, cluster.policy) && !actor.isGlobalAdmin)
        return err(deploymentsErrors.ownClusterPolicy(cluster.registration.name));
      return ok(same(policy, cluster.policy) ? [] : [{ type: 'cluster.policy-set.v1', data: { policy } }]);
    }
    case 'set-ingress': {
      const { annotations = {}, ...change } = command.ingress;
      const all = Object.entries({ ...cluster.ingress.annotations, ...annotations });
      const kept = all.filter((entry): entry is [string, string] => entry[1] !== null);
      if (kept.length > MAX_ANNOTATIONS) return err(deploymentsErrors.ingressAnnotations(MAX_ANNOTATIONS));
      const ingress = { ...cluster.ingress, ...change, annotations: Object.fromEntries(kept) };
      return ok(same(ingress, cluster.ingress) ? [] : [{ type: 'cluster.ingress-set.v1', data: { ingress } }]);
    }
    case 'set-health':
      return ok(same(command.health, cluster.health) ? [] : [{ type: 'cluster.health-set.v1', data: command.health }]);
    case 'report': {
      const { code, state, reason } = command.report;
      const report: ClusterReport = {
        ...(code !== undefined && { code }),
        state,
        reason,
        version: command.report.version ?? cluster.report.version,
        nodes: command.report.nodes ?? cluster.report.nodes,
      };
      return ok(same(report, cluster.report) ? [] : [{ type: 'cluster.state-changed.v1', data: report }]);
    }
    default:
      return decideAccess(command, cluster.accesses, cluster.registration.name);
  }
}

/**
 * Registers the cluster again. The same registration records nothing; a changed one must be of the same physical
 * cluster.
 */
function register(
  registration: ClusterRegistration,
  cluster: Cluster,
): Result<readonly ClusterEvent[], DeploymentsError> {
  if (cluster.status === 'deleted') return err(deploymentsErrors.beingDeleted('cluster', registration.name));
  if (cluster.status === 'absent') return ok([{ type: 'cluster.registered.v1', data: registration }]);
  if (cluster.registration.uid !== registration.uid) return err(deploymentsErrors.otherCluster(registration.name));
  return ok(sameRegistration(registration, cluster) ? [] : [{ type: 'cluster.changed.v1', data: registration }]);
}

/** Returns whether a policy differs in what can make an application an administrator of its cluster. */
const differsInRights = (policy: WholePolicy, present: WholePolicy): boolean =>
  !same(policy.clusterScoped, present.clusterScoped) || policy.podSecurity !== present.podSecurity;

/** Fields that the user provides, without vault records and probe results. */
const givenFields = ({
  provider,
  region,
  labels,
  server,
  tlsServerName,
  fingerprint,
  missing,
}: ClusterRegistration) => ({
  provider,
  region,
  labels,
  server,
  tlsServerName,
  fingerprint,
  missing,
});

const sameRegistration = (
  registration: ClusterRegistration,
  { registration: present, policy }: ActiveCluster,
): boolean => same(givenFields(registration), givenFields(present)) && same(registration.policy, policy);

const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

/** Decides about the registration, policy, state and member access of one cluster. */
export const clusterDecider: Decider<Cluster, ClusterCommand, ClusterEvent, DeploymentsError> = {
  events: clusterEvents,
  initialState: { status: 'absent' },
  evolve,
  decide,
  revisionOf: (cluster) => (cluster.status === 'active' ? cluster.revision : 0),
};

/** Returns the name of a cluster's stream. */
export const clusterStream = (clusterId: string): string => `cluster-${clusterId}`;
