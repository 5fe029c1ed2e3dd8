import type { KubernetesObject } from '#kubernetes';

/** Namespace of the platform's own objects on a cluster. */
export const SYSTEM_NAMESPACE = 'astro-system';
/** Labels that identify the accounts and bindings of the platform. */
const MEMBER_LABEL = 'platform.astropulse.io/member';
const ORGANIZATION_LABEL = 'platform.astropulse.io/organization';
const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'astro-platform' };

/** ClusterRoles of Kubernetes to which bindings refer. */
const ROLES = { cluster: 'cluster-admin', edit: 'edit', view: 'view' } as const;

/** Access of one member to a cluster. */
export interface MemberAccess {
  readonly organizationId: string;
  readonly memberId: string;
  readonly access: keyof typeof ROLES;
  readonly namespaces: readonly string[];
  /** Additional namespaces, to which the member has read access only. */
  readonly viewNamespaces?: readonly string[] | undefined;
  /** 20 hexadecimal digits for organization and member, so that organizations share neither accounts nor bindings. */
  readonly fingerprint: string;
}

/** Returns the name of a member's ServiceAccount in the system namespace. */
export const accountName = (fingerprint: string): string => `member-${fingerprint}`;

/** Returns a selector of all bindings of a member that the platform created. */
export const memberSelector = (fingerprint: string): string => `${MEMBER_LABEL}=${fingerprint}`;

/** Objects that give a member's token exactly its rights, and a selector to find excess bindings. */
export interface AccessObjects {
  readonly namespace: KubernetesObject;
  readonly account: KubernetesObject;
  readonly bindings: readonly KubernetesObject[];
  /** Selects all bindings of this member, wanted or not. */
  readonly selector: string;
}

/** Returns the objects that give a member exactly the access. */
export function accessObjects({
  organizationId,
  memberId,
  access,
  namespaces,
  viewNamespaces = [],
  fingerprint,
}: MemberAccess): AccessObjects {
  const name = accountName(fingerprint);
  const labels = { ...MANAGED_BY, [MEMBER_LABEL]: fingerprint };
  const annotations = { [MEMBER_LABEL]: memberId, [ORGANIZATION_LABEL]: organizationId };
  const subjects = [{ kind: 'ServiceAccount', name, namespace: SYSTEM_NAMESPACE }];
  // The role of a binding cannot change. Its name contains the role, so that another role is another binding.
  const binding = (
    kind: string,
    role: keyof typeof ROLES,
    place: { readonly namespace?: string },
  ): KubernetesObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: { name: `astro-${name}-${role}`, ...place, labels, annotations },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: ROLES[role] },
    subjects,
  });
  const bindings = (role: 'edit' | 'view', wanted: readonly string[]) =>
    [...new Set(wanted)].sort().map((namespace) => binding('RoleBinding', role, { namespace }));
  return {
    namespace: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM_NAMESPACE, labels: MANAGED_BY } },
    account: {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace: SYSTEM_NAMESPACE, labels, annotations },
      automountServiceAccountToken: false,
    },
    bindings:
      access === 'cluster'
        ? [binding('ClusterRoleBinding', access, {})]
        : [...bindings(access, namespaces), ...bindings('view', viewNamespaces)],
    selector: memberSelector(fingerprint),
  };
}

interface Subject {
  readonly kind?: unknown;
  readonly name?: unknown;
  readonly namespace?: unknown;
}

/**
 * Decides what to do with a binding when a member's account is deleted. A member with write access to bindings may have
 * added the account to others, which a later account of the same name would inherit.
 * @returns the subjects to keep: empty to delete the binding, undefined to leave it unchanged
 */
export function subjectsWithout(binding: KubernetesObject, fingerprint: string): readonly Subject[] | undefined {
  const subjects: readonly Subject[] = Array.isArray(binding['subjects']) ? binding['subjects'] : [];
  const staying = subjects.filter(
    ({ kind, name, namespace }) =>
      kind !== 'ServiceAccount' || name !== accountName(fingerprint) || namespace !== SYSTEM_NAMESPACE,
  );
  if (binding.metadata.labels?.[MEMBER_LABEL] === fingerprint) return [];
  return staying.length < subjects.length ? staying : undefined;
}

/** Returns the bindings on the cluster that grant a right which is no longer wanted. */
export function leftOver(
  present: readonly KubernetesObject[],
  wanted: readonly KubernetesObject[],
): readonly KubernetesObject[] {
  const keep = new Set(wanted.map(placeOf));
  return present.filter((binding) => !keep.has(placeOf(binding)));
}

const placeOf = ({ kind, metadata }: KubernetesObject): string =>
  `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
