import type { KubernetesObject } from '#kubernetes';

/** Namespace of what the platform needs for itself on a cluster. */
export const SYSTEM_NAMESPACE = 'astro-system';
/** Labels by which our own accounts and bindings are found again. */
const MEMBER_LABEL = 'platform.astropulse.io/member';
const ORGANIZATION_LABEL = 'platform.astropulse.io/organization';
const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'astro-platform' };

/** Kubernetes' own ClusterRoles; what a binding may name. */
const ROLES = { cluster: 'cluster-admin', edit: 'edit', view: 'view' } as const;

export interface MemberAccess {
  readonly organizationId: string;
  readonly memberId: string;
  readonly access: keyof typeof ROLES;
  readonly namespaces: readonly string[];
  /** Namespaces in which the member may only look, beside those above. */
  readonly viewNamespaces?: readonly string[] | undefined;
  /** 20 hex digits that stand for organization and member: several organizations may share neither account nor binding. */
  readonly fingerprint: string;
}

/** Name of a member's ServiceAccount in the system namespace. */
export const accountName = (fingerprint: string): string => `member-${fingerprint}`;

/** Selects every binding of a member that the platform made. */
export const memberSelector = (fingerprint: string): string => `${MEMBER_LABEL}=${fingerprint}`;

/** What must be on the cluster for a member's token to have exactly its rights, and how what is over is recognised. */
export interface AccessObjects {
  readonly namespace: KubernetesObject;
  readonly account: KubernetesObject;
  readonly bindings: readonly KubernetesObject[];
  /** Selects every binding of this member, wanted or left over. */
  readonly selector: string;
}

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
  // A binding cannot change its role: the role is part of the name, so that another role is another binding.
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
 * What must become of a binding when a member's account goes: who could write bindings may have made others to it, and a
 * later account of that name would have their rights.
 * @returns subjects that stay: none where the binding is to be deleted; undefined where it does not concern the account
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

/** Which of the bindings on the cluster give a right that is not wanted any more. */
export function leftOver(
  present: readonly KubernetesObject[],
  wanted: readonly KubernetesObject[],
): readonly KubernetesObject[] {
  const keep = new Set(wanted.map(placeOf));
  return present.filter((binding) => !keep.has(placeOf(binding)));
}

const placeOf = ({ kind, metadata }: KubernetesObject): string =>
  `${kind}/${metadata.namespace ?? ''}/${metadata.name}`;
