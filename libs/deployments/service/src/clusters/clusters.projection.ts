import { REMOVED, type EventFamily, type Projection } from '#kernel';
import type { ClusterRegistration, WholePolicy } from '../catalog/beginnings.ts';
import { catalogEvents, type CatalogEvent } from '../catalog/catalog.events.ts';
import { clusterEvents, stateOf, type ClusterEvent, type ClusterReport } from './cluster.events.ts';

type ClusterFact = CatalogEvent | ClusterEvent;

const family: EventFamily<ClusterFact> = {
  categories: [...catalogEvents.categories, ...clusterEvents.categories],
  types: { ...catalogEvents.types, ...clusterEvents.types },
};

/** Read model of one cluster. */
export interface ClusterDocument {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  readonly createdAt: string;
  readonly registration: ClusterRegistration | null;
  readonly policy: WholePolicy | null;
  readonly report: ClusterReport;
  /** Time of the last event that reported on the cluster. */
  readonly heartbeat: string | null;
  readonly revision: number;
  readonly intent: ClusterRegistration | null;
  /** Registered and not being removed, so that it needs an observer. */
  readonly active: boolean;
}

/** Read model of `clusters list`. One document per existing cluster. */
export const clustersProjection: Projection<ClusterFact, ClusterDocument> = {
  name: 'deployments-clusters.v3',
  events: family,
  indexes: ['organizationId', 'name', 'active'],
  documentId: ({ event, metadata }) => {
    if ('kind' in event.data) return event.data.kind === 'cluster' ? event.data.id : undefined;
    return metadata.stream.startsWith('cluster-') ? metadata.stream.slice('cluster-'.length) : undefined;
  },
  apply(document, { event, metadata }) {
    const at = metadata.recordedAt;
    if (event.type === 'catalog.name-claimed.v1') {
      if (event.data.kind !== 'cluster') return document ?? REMOVED;
      const { id, name, intent } = event.data;
      const report = { state: 'PENDING', reason: 'is being registered', version: null, nodes: null } as const;
      return {
        id,
        organizationId: metadata.stream.slice('catalog-'.length),
        name,
        createdAt: at,
        registration: null,
        policy: null,
        report,
        heartbeat: null,
        revision: 0,
        intent,
        active: false,
      };
    }
    if (!document) return REMOVED;
    switch (event.type) {
      case 'catalog.name-retiring.v1':
        return {
          ...document,
          active: false,
          report: { ...document.report, state: 'DELETING', reason: 'is being removed' },
        };
      case 'catalog.name-released.v1':
        return REMOVED;
      case 'cluster.registered.v1':
      case 'cluster.changed.v1': {
        const { policy, version, nodes } = event.data;
        return {
          ...document,
          registration: event.data,
          policy,
          report: { ...stateOf(event.data), version, nodes },
          heartbeat: at,
          revision: document.revision + 1,
          intent: null,
          active: true,
        };
      }
      case 'cluster.policy-set.v1':
        return { ...document, policy: event.data.policy, revision: document.revision + 1 };
      case 'cluster.ingress-set.v1':
      case 'cluster.health-set.v1':
        return { ...document, revision: document.revision + 1 };
      case 'cluster.state-changed.v1':
        return {
          ...document,
          report: event.data,
          heartbeat: event.data.state === 'UNREACHABLE' ? document.heartbeat : at,
        };
      case 'cluster.deleted.v1':
      case 'cluster.access-granted.v1':
      case 'cluster.kubeconfig-issued.v1':
      case 'cluster.access-ending.v1':
      case 'cluster.access-end-failed.v1':
      case 'cluster.access-ended.v1':
      case 'catalog.name-prepared.v1':
      case 'catalog.reference-changed.v1':
      case 'catalog.deployment-counted.v1':
      case 'catalog.limits-set.v1':
        return document;
    }
  },
};
