import type { ManifestError } from './manifest-error.ts';
import { at, groupOf, keyOf, list, nameOf, record, text, type KubernetesObject } from './objects.ts';

/** Cluster roles that bindings may refer to. */
const BINDABLE = ['view', 'edit'];
const ESCALATING = ['*', 'escalate', 'bind', 'impersonate'];
const READING = ['get', 'list', 'watch'];

/**
 * Resources that the cluster role `edit` may write, by group, without subresources
 * (kubernetes.io/docs/reference/access-authn-authz/rbac, "User-facing roles"). It may also read {@link READABLE}.
 */
const WRITABLE: Readonly<Record<string, readonly string[]>> = {
  '': [
    ...['configmaps', 'events', 'persistentvolumeclaims', 'pods', 'replicationcontrollers', 'secrets'],
    ...['serviceaccounts', 'services'],
  ],
  apps: ['daemonsets', 'deployments', 'replicasets', 'statefulsets'],
  autoscaling: ['horizontalpodautoscalers'],
  batch: ['cronjobs', 'jobs'],
  'coordination.k8s.io': ['leases'],
  'events.k8s.io': ['events'],
  extensions: ['daemonsets', 'deployments', 'ingresses', 'networkpolicies', 'replicasets'],
  'networking.k8s.io': ['ingresses', 'networkpolicies'],
  policy: ['poddisruptionbudgets'],
};
const READABLE: Readonly<Record<string, readonly string[]>> = {
  '': ['bindings', 'endpoints', 'limitranges', 'namespaces', 'resourcequotas'],
  apps: ['controllerrevisions'],
  'discovery.k8s.io': ['endpointslices'],
  'metrics.k8s.io': ['pods'],
};
/** Subresources that `edit` does not include. */
const BEYOND = ['pods/ephemeralcontainers', 'pods/resize'];
/** API groups of Kubernetes itself. Permissions on kinds of CustomResourceDefinitions are not restricted. */
const BUILT_IN: ReadonlySet<string> = new Set([
  ...[...Object.keys(WRITABLE), ...Object.keys(READABLE)],
  ...['admissionregistration.k8s.io', 'apiextensions.k8s.io', 'apiregistration.k8s.io', 'authentication.k8s.io'],
  ...['authorization.k8s.io', 'certificates.k8s.io', 'flowcontrol.apiserver.k8s.io', 'internal.apiserver.k8s.io'],
  ...['node.k8s.io', 'rbac.authorization.k8s.io', 'resource.k8s.io', 'scheduling.k8s.io', 'storage.k8s.io'],
  'storagemigration.k8s.io',
]);

interface Deploying {
  readonly targetNamespace: string;
  /** Names of the Roles among the objects. */
  readonly roles: ReadonlySet<string>;
  /** Whether an admin or owner of the organization deploys. */
  readonly byAdmin?: boolean;
}

type Refuse = (pointer: string, rule: string, detail: string) => ManifestError;

/**
 * Checks roles and bindings: a deployment must not grant more than an editor may do with kubectl in the namespace,
 * which is the cluster role `edit`. Admins, who may do everything on their cluster, may also bind `view` and `edit`
 * cluster-wide.
 */
export function checkRights(object: KubernetesObject, deploying: Deploying): ManifestError[] {
  if (groupOf(object.apiVersion) !== 'rbac.authorization.k8s.io') return [];
  const key = keyOf(object);
  const refuse: Refuse = (pointer, rule, detail) => ({
    code: 'deployments/role-not-allowed',
    object: key,
    pointer,
    rule,
    detail: `${nameOf(key)} ${detail}.`,
  });
  switch (object.kind) {
    case 'Role':
      return list(object['rules']).flatMap((rule, index) => checkRule(rule, `/rules/${index}`, refuse));
    case 'ClusterRole':
      return [
        ...aggregated(object, refuse),
        ...list(object['rules']).flatMap((rule, index) => broad(rule, `/rules/${index}`, refuse)),
      ];
    case 'RoleBinding':
      return bound(object, deploying, refuse);
    case 'ClusterRoleBinding':
      return [...checkClusterRoleBinding(deploying, refuse), ...bound(object, deploying, refuse)];
    default:
      return [];
  }
}

/** Refuses wildcards, and verbs that allow privilege escalation. */
function broad(rule: unknown, pointer: string, refuse: Refuse): ManifestError[] {
  const member = (['verbs', 'resources', 'apiGroups'] as const).find((name) => list(at(rule, name)).includes('*'));
  if (member) return [refuse(`${pointer}/${member}`, 'wildcard', `gives * in ${member}`)];
  const verb = list(at(rule, 'verbs')).find((word) => ESCALATING.includes(String(word)));
  return verb === undefined ? [] : [refuse(`${pointer}/verbs`, 'escalation', `grants the verb ${String(verb)}`)];
}

/** Checks that a rule of a Role grants no more than `edit`. */
function checkRule(rule: unknown, pointer: string, refuse: Refuse): ManifestError[] {
  const found = broad(rule, pointer, refuse);
  if (found.length > 0) return found;
  const verbs = list(at(rule, 'verbs')).map(String);
  const writes = verbs.filter((verb) => !READING.includes(verb));
  for (const group of list(at(rule, 'apiGroups')).map(String)) {
    if (!BUILT_IN.has(group)) continue;
    for (const resource of list(at(rule, 'resources')).map(String)) {
      const [plain = ''] = resource.split('/');
      const isWritable = WRITABLE[group]?.includes(plain) === true && !BEYOND.includes(resource);
      if (isWritable || (READABLE[group]?.includes(plain) === true && writes.length === 0)) continue;
      const named = group === '' ? resource : `${resource}.${group}`;
      const verbsText = (READABLE[group]?.includes(plain) ? writes : verbs).join(', ');
      return [
        refuse(`${pointer}/resources`, 'beyondEdit', `grants ${verbsText} on ${named}, which an editor does not have`),
      ];
    }
  }
  return [];
}

/** Refuses additions to aggregated roles such as `edit`, and new aggregated roles. */
function aggregated(object: KubernetesObject, refuse: Refuse): ManifestError[] {
  const label = Object.keys(object.metadata.labels ?? {}).find((name) =>
    name.startsWith('rbac.authorization.k8s.io/aggregate-to-'),
  );
  return [
    ...(label === undefined
      ? []
      : [
          refuse(
            `/metadata/labels/${label.replaceAll('/', '~1')}`,
            'aggregation',
            `would add its rules to the cluster role ${label.slice(label.lastIndexOf('-') + 1)}`,
          ),
        ]),
    ...(object['aggregationRule'] === undefined
      ? []
      : [refuse('/aggregationRule', 'aggregation', 'would take the rules of other cluster roles')]),
  ];
}

function checkClusterRoleBinding({ byAdmin }: Deploying, refuse: Refuse): ManifestError[] {
  if (byAdmin === true) return [];
  return [
    {
      ...refuse('/roleRef', 'wholeCluster', 'grants permissions in the whole cluster, which an editor does not have'),
      fix: 'use a RoleBinding, or ask an admin or owner to apply it: astroctl org members',
    },
  ];
}

/**
 * Checks a binding: its role must grant no more than `edit`, and its subjects must be ServiceAccounts of the target
 * namespace.
 */
function bound(
  object: KubernetesObject,
  { targetNamespace, roles, byAdmin }: Deploying,
  refuse: Refuse,
): ManifestError[] {
  const findings: ManifestError[] = [];
  const role = record(object['roleRef']);
  const name = String(role['name']);
  if (role['kind'] === 'ClusterRole' && !BINDABLE.includes(name))
    findings.push(
      refuse('/roleRef', 'clusterRole', `binds the cluster role ${name}; only ${BINDABLE.join(' and ')} can be bound`),
    );
  if (role['kind'] === 'Role' && !roles.has(name) && byAdmin !== true)
    findings.push(refuse('/roleRef', 'role', `binds the role ${name}, which is not among the objects`));
  list(object['subjects']).forEach((subject, index) => {
    const kind = text(at(subject, 'kind'));
    const namespace = text(at(subject, 'namespace'));
    if (kind !== 'ServiceAccount')
      findings.push(
        refuse(
          `/subjects/${index}`,
          'subject',
          `grants permissions to the ${kind ?? 'subject'} ${String(at(subject, 'name'))}; only ServiceAccounts are allowed`,
        ),
      );
    else if (namespace !== undefined && namespace !== targetNamespace)
      findings.push(
        refuse(
          `/subjects/${index}/namespace`,
          'subject',
          `grants permissions to a ServiceAccount in namespace ${namespace}`,
        ),
      );
  });
  return findings;
}
