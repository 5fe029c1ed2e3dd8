import type { Json, JsonObject } from '#kernel';
import type { StoreReader } from '../store.ts';
import { listAt, textAt, treeAt } from './reading.ts';
import { MASTERS, type Caller } from './tokens.ts';

/** Attributes of a request for an authorization decision. */
export interface Attributes {
  readonly verb: string;
  readonly group: string;
  /** Plural name, such as `pods`. */
  readonly resource: string;
  readonly subresource: string;
  /** '' for cluster-scoped requests. */
  readonly namespace: string;
  readonly name: string;
}

/** A rule of a role, as in rbac.authorization.k8s.io/v1. */
export interface RoleRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
}

const READING = ['get', 'list', 'watch'];
/** Resources that `edit` does not include: RBAC objects and cluster-scoped resources. */
const NOT_FOR_EDITORS = new Set([
  'roles',
  'rolebindings',
  'clusterroles',
  'clusterrolebindings',
  'resourcequotas',
  'limitranges',
  'namespaces',
  'nodes',
  'serviceaccounts',
]);

/**
 * Built-in roles of every cluster. They are code because they also cover custom kinds, which a list of rules cannot
 * name.
 */
const BUILT_IN: Readonly<Record<string, (wanted: Attributes) => boolean>> = {
  'cluster-admin': () => true,
  admin: ({ verb }) => verb !== 'impersonate',
  edit: ({ verb, resource }) => READING.includes(verb) || (verb !== 'impersonate' && !NOT_FOR_EDITORS.has(resource)),
  view: ({ verb, resource }) => READING.includes(verb) && resource !== 'secrets',
};

/** Returns whether a caller's groups or bound roles allow a request. */
export function mayDo(store: StoreReader, caller: Caller, wanted: Attributes): boolean {
  return (
    caller.groups.includes(MASTERS) ||
    rolesOf(store, caller, wanted.namespace).some(({ builtIn, rules }) =>
      builtIn === undefined ? rules.some((rule) => allows(rule, wanted)) : (BUILT_IN[builtIn]?.(wanted) ?? false),
    )
  );
}

/**
 * Returns the caller's permissions in a namespace as rules.
 * @returns isWhole false if rules cannot express all roles
 */
export function rulesOf(
  store: StoreReader,
  caller: Caller,
  namespace: string,
): { readonly rules: readonly RoleRule[]; readonly isWhole: boolean } {
  const all: RoleRule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
  if (caller.groups.includes(MASTERS)) return { rules: [all], isWhole: true };
  const roles = rolesOf(store, caller, namespace);
  const summary: Readonly<Record<string, RoleRule>> = {
    'cluster-admin': all,
    admin: all,
    edit: { ...all, verbs: READING },
    view: { ...all, verbs: READING },
  };
  return {
    rules: roles.flatMap(({ builtIn, rules }) =>
      builtIn === undefined ? rules : summary[builtIn] ? [summary[builtIn]] : [],
    ),
    isWhole: roles.every(({ builtIn }) => builtIn === undefined || builtIn === 'cluster-admin'),
  };
}

const covers = (given: readonly string[], wanted: string): boolean => given.includes('*') || given.includes(wanted);

function allows(rule: RoleRule, { verb, group, resource, subresource, name }: Attributes): boolean {
  const whole = subresource === '' ? resource : `${resource}/${subresource}`;
  return (
    covers(rule.verbs, verb) &&
    covers(rule.apiGroups, group) &&
    (covers(rule.resources, whole) || (subresource !== '' && rule.resources.includes(`*/${subresource}`))) &&
    (rule.resourceNames === undefined || rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
  );
}

interface Role {
  /** Name of a built-in role, whose rules are code. */
  readonly builtIn: string | undefined;
  readonly rules: readonly RoleRule[];
}

/** Returns the roles that are bound to a caller in the cluster and in one namespace. */
function rolesOf(store: StoreReader, caller: Caller, within: string): readonly Role[] {
  const bindings = [
    ...store.list('clusterrolebindings.rbac.authorization.k8s.io'),
    ...(within === '' ? [] : store.list('rolebindings.rbac.authorization.k8s.io', { namespace: within })),
  ];
  return bindings
    .filter((binding) => listAt(binding, 'subjects').some((subject) => isSubject(subject, caller)))
    .map((binding) => roleAt(store, treeAt(binding, 'roleRef'), within));
}

function isSubject(subject: Json, { username, groups }: Caller): boolean {
  const name = textAt(subject, 'name');
  switch (textAt(subject, 'kind')) {
    case 'User':
      return username === name;
    case 'Group':
      return groups.includes(name);
    case 'ServiceAccount':
      return username === `system:serviceaccount:${textAt(subject, 'namespace')}:${name}`;
    default:
      return false;
  }
}

function roleAt(store: StoreReader, reference: JsonObject, within: string): Role {
  const name = textAt(reference, 'name');
  const isCluster = textAt(reference, 'kind') !== 'Role';
  if (isCluster && Object.hasOwn(BUILT_IN, name)) return { builtIn: name, rules: [] };
  const role = store.get(
    isCluster
      ? { resource: 'clusterroles.rbac.authorization.k8s.io', namespace: '', name }
      : { resource: 'roles.rbac.authorization.k8s.io', namespace: within, name },
  );
  return { builtIn: undefined, rules: listAt(role ?? null, 'rules').map(ruleOf) };
}

function ruleOf(rule: Json): RoleRule {
  const words = (field: string): readonly string[] => listAt(rule, field).map(String);
  const resourceNames = words('resourceNames');
  return {
    verbs: words('verbs'),
    apiGroups: words('apiGroups'),
    resources: words('resources'),
    ...(resourceNames.length > 0 && { resourceNames }),
  };
}
