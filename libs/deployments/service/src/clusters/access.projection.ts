import { REMOVED, type Projection } from '#kernel';
import { clusterEvents, type AccessEnd, type AccessLevel, type ClusterEvent } from './cluster.events.ts';

/** Access of one member to a cluster. */
export interface AccessRow {
  readonly memberId: string;
  readonly access: AccessLevel;
  /** When the member's account was created or requested. */
  readonly since: string;
  readonly lastIssuedAt: string | null;
  /** Present while the account is being deleted. */
  readonly ending: {
    readonly number: number;
    readonly since: string;
    readonly cause: AccessEnd;
    /** Error code of the last attempt to delete it. */
    readonly failure: string | null;
  } | null;
}

/** Access of all members to one cluster. */
export interface AccessDocument {
  readonly clusterId: string;
  readonly organizationId: string;
  readonly rows: readonly AccessRow[];
}

/** Read model of `clusters access`, also used by the sweep. One document per cluster on which a member has access. */
export const accessProjection: Projection<ClusterEvent, AccessDocument> = {
  name: 'deployments-cluster-access.v1',
  events: clusterEvents,
  documentId: ({ metadata: { stream } }) => stream.slice('cluster-'.length),
  apply(document, { event, metadata }) {
    switch (event.type) {
      case 'cluster.deleted.v1':
        return REMOVED;
      case 'cluster.registered.v1':
      case 'cluster.changed.v1':
      case 'cluster.policy-set.v1':
      case 'cluster.ingress-set.v1':
      case 'cluster.health-set.v1':
      case 'cluster.state-changed.v1':
        return document ?? REMOVED;
    }
    const { memberId } = event.data;
    const at = metadata.recordedAt;
    const { clusterId, organizationId, rows } = document ?? {
      clusterId: metadata.stream.slice('cluster-'.length),
      organizationId: metadata.organizationId ?? '',
      rows: [],
    };
    const row = rows.find((one) => one.memberId === memberId);
    const others = rows.filter((one) => one !== row);
    const withRow = (changed: AccessRow): AccessDocument => ({ clusterId, organizationId, rows: [...others, changed] });
    const fresh = (access: AccessLevel) => ({ memberId, access, since: at, lastIssuedAt: null, ending: null });
    switch (event.type) {
      case 'cluster.access-granted.v1':
        return withRow(fresh(event.data.access));
      case 'cluster.kubeconfig-issued.v1': // alone in what earlier releases wrote
        return withRow({ ...(row ?? fresh(event.data.access)), access: event.data.access, lastIssuedAt: at });
      case 'cluster.access-ending.v1': {
        const { number, cause } = event.data;
        return withRow({ ...(row ?? fresh('cluster')), ending: { number, since: at, cause, failure: null } });
      }
      case 'cluster.access-end-failed.v1':
        return row?.ending
          ? withRow({ ...row, ending: { ...row.ending, failure: event.data.code } })
          : (document ?? REMOVED);
      case 'cluster.access-ended.v1':
        return { clusterId, organizationId, rows: others };
    }
  },
};
