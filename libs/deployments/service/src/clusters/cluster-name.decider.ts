import { assertNever, err, ok, type Decider, type EventFamily, type Fact, type Result } from '#kernel';
import { deploymentsErrors, type DeploymentsError } from '../deployments.errors.ts';

/** Assigns physical clusters to organizations. Stream: `names-cluster-<uid of its namespace kube-system>`. */
export type ClusterNameEvent =
  | Fact<'cluster-uid.claimed.v1', { readonly organizationId: string; readonly clusterId: string }>
  | Fact<'cluster-uid.released.v1', { readonly clusterId: string }>;

/** Organization of a physical cluster, and its registrations. */
export interface ClusterOwner {
  readonly organizationId: string | undefined;
  /** An organization may register a cluster under several names. */
  readonly clusters: readonly string[];
}

/** Commands of a physical cluster. */
export type ClusterNameCommand =
  | { readonly type: 'claim'; readonly organizationId: string; readonly clusterId: string; readonly name: string }
  | { readonly type: 'release'; readonly clusterId: string };

const events: EventFamily<ClusterNameEvent> = {
  categories: ['names-cluster'],
  types: { 'cluster-uid.claimed.v1': true, 'cluster-uid.released.v1': true },
};
const nobody: ClusterOwner = { organizationId: undefined, clusters: [] };

function evolve(owner: ClusterOwner, event: ClusterNameEvent): ClusterOwner {
  switch (event.type) {
    case 'cluster-uid.claimed.v1':
      return { organizationId: event.data.organizationId, clusters: [...owner.clusters, event.data.clusterId] };
    case 'cluster-uid.released.v1': {
      const clusters = owner.clusters.filter((id) => id !== event.data.clusterId);
      return clusters.length === 0 ? nobody : { ...owner, clusters };
    }
    default:
      return assertNever(event);
  }
}

function decide(
  command: ClusterNameCommand,
  owner: ClusterOwner,
): Result<readonly ClusterNameEvent[], DeploymentsError> {
  const { clusterId } = command;
  const holds = owner.clusters.includes(clusterId);
  if (command.type === 'release') return ok(holds ? [{ type: 'cluster-uid.released.v1', data: { clusterId } }] : []);
  if (owner.organizationId !== undefined && owner.organizationId !== command.organizationId)
    return err(deploymentsErrors.clusterTaken(command.name));
  return ok(
    holds ? [] : [{ type: 'cluster-uid.claimed.v1', data: { organizationId: command.organizationId, clusterId } }],
  );
}

/** Decides which organization a physical cluster belongs to. */
export const clusterNameDecider: Decider<ClusterOwner, ClusterNameCommand, ClusterNameEvent, DeploymentsError> = {
  events,
  initialState: nobody,
  evolve,
  decide,
};

const PREFIX = 'names-cluster-';

/** Returns the name of a physical cluster's stream. */
export const clusterNameStream = (uid: string): string => PREFIX + uid;

/** Returns the UID of the physical cluster from the name of its stream. */
export const uidOf = (stream: string): string => stream.slice(PREFIX.length);
