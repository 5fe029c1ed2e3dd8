import type { ClusterState, HealthSettings, IngressSettings } from '#deployments/contract';
import type { EventFamily, Fact } from '#kernel';
import type { ClusterRegistration, WholePolicy } from '../catalog/beginnings.ts';

/** State of a cluster according to its observer. */
export interface ClusterReport {
  /** For programs. Absent in events of earlier releases, and if the state is sufficient. */
  readonly code?: 'silent';
  readonly state: ClusterState;
  readonly reason: string | null;
  readonly version: string | null;
  readonly nodes: number | null;
}

/** Access of a member to a cluster: all of it, or read-write or read-only access to the organization's namespaces. */
export type AccessLevel = 'cluster' | 'edit' | 'view';

/**
 * Why an access ends: the membership ended, its role changed, the member requested another level, or the cluster is
 * removed.
 */
export type AccessEnd = 'removed' | 'role-changed' | 'other-level' | 'cluster-removed';

/** Stream: `cluster-<cluster id>`. */
export type ClusterEvent =
  | Fact<'cluster.registered.v1', ClusterRegistration>
  /** Registered again under the same name, with other credentials or labels. */
  | Fact<'cluster.changed.v1', ClusterRegistration>
  | Fact<'cluster.policy-set.v1', { readonly policy: WholePolicy }>
  | Fact<'cluster.ingress-set.v1', { readonly ingress: IngressSettings }>
  | Fact<'cluster.health-set.v1', HealthSettings>
  | Fact<'cluster.state-changed.v1', ClusterReport>
  /** The member's account may be on the cluster from here on. */
  | Fact<'cluster.access-granted.v1', { readonly memberId: string; readonly access: AccessLevel }>
  | Fact<
      'cluster.kubeconfig-issued.v1',
      {
        readonly memberId: string;
        readonly access: AccessLevel;
        readonly namespaces: number;
        readonly expiresAt: string;
      }
    >
  /** The account is being deleted. `number` distinguishes the ends of the same member. */
  | Fact<'cluster.access-ending.v1', { readonly memberId: string; readonly number: number; readonly cause: AccessEnd }>
  /** The deletion failed for another reason than before. */
  | Fact<'cluster.access-end-failed.v1', { readonly memberId: string; readonly code: string }>
  /** The account and all its tokens are deleted. */
  | Fact<'cluster.access-ended.v1', { readonly memberId: string }>
  | Fact<'cluster.deleted.v1', Record<never, never>>;

export const clusterEvents: EventFamily<ClusterEvent> = {
  categories: ['cluster'],
  types: {
    'cluster.registered.v1': true,
    'cluster.changed.v1': true,
    'cluster.policy-set.v1': true,
    'cluster.ingress-set.v1': true,
    'cluster.health-set.v1': true,
    'cluster.state-changed.v1': true,
    'cluster.access-granted.v1': true,
    'cluster.kubeconfig-issued.v1': true,
    'cluster.access-ending.v1': true,
    'cluster.access-end-failed.v1': true,
    'cluster.access-ended.v1': true,
    'cluster.deleted.v1': true,
  },
};

/** Report of a cluster that is unreachable. Its applications get the same message. */
export const SILENT = {
  code: 'silent',
  state: 'UNREACHABLE',
  reason: 'not reachable for 60 s',
  version: null,
  nodes: null,
} as const satisfies ClusterReport;

/** Returns state and reason, depending on the permissions found at registration. */
export const stateOf = ({
  missing,
}: Pick<ClusterRegistration, 'missing'>): { readonly state: ClusterState; readonly reason: string | null } =>
  missing.length === 0
    ? { state: 'READY', reason: null }
    : {
        state: 'LIMITED',
        reason: `cannot ${missing.slice(0, 10).join(', cannot ')}${missing.length > 10 ? ` and ${missing.length - 10} more` : ''}`,
      };
