import type { JsonObject } from '#kernel';
import { podViolations, type PodSecurityLevel, type PodViolation } from '#kubernetes/pod-security';
import type { ResourceData } from '#kubernetes/schemas';
import type { KubeObject, StoreReader } from '../store.ts';
import { treeAt } from './reading.ts';

/** A Pod Security level and version, as set by `pod-security.kubernetes.io/…` labels. */
interface Policy {
  readonly level: PodSecurityLevel;
  readonly version: string;
}

const LABEL = 'pod-security.kubernetes.io/';
const LEVELS: readonly PodSecurityLevel[] = ['privileged', 'baseline', 'restricted'];

/** Result of Pod Security admission: the reason of a refusal, or a warning. */
export interface PodSecurityVerdict {
  readonly refused?: string;
  readonly warning?: string;
}

const ALLOWED: PodSecurityVerdict = {};

/**
 * Evaluates a new Pod, or the pod template of a workload, against the labels of its namespace. Uses the messages of
 * Kubernetes' own admission plugin. Only pods are refused.
 */
export function podSecurityOf(
  store: StoreReader,
  { kind, group }: Pick<ResourceData, 'kind' | 'group'>,
  namespace: string,
  object: JsonObject,
): PodSecurityVerdict {
  const labels = store.get({ resource: 'namespaces', namespace: '', name: namespace })?.metadata.labels;
  if (!labels || !Object.keys(labels).some((label) => label.startsWith(LABEL))) return ALLOWED;
  const path = PLACES[`${group}/${kind}`];
  if (!path) return ALLOWED;
  const pod = treeAt(object, ...path);
  const enforced = policyOf(labels, 'enforce');
  const refused = path.length === 0 && enforced ? broken(pod, enforced) : undefined;
  if (refused !== undefined) return { refused: `violates PodSecurity ${nameOf(enforced)}: ${refused}` };
  const warned = policyOf(labels, 'warn') ?? enforced;
  const found = warned && broken(pod, warned);
  return found === undefined ? ALLOWED : { warning: `would violate PodSecurity ${nameOf(warned)}: ${found}` };
}

/** Path of the pod template in each kind. */
const PLACES: Readonly<Record<string, readonly string[] | undefined>> = {
  '/Pod': [],
  '/PodTemplate': ['template'],
  '/ReplicationController': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'apps/Deployment': ['spec', 'template'],
  'apps/ReplicaSet': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
  'batch/Job': ['spec', 'template'],
};

/** @returns undefined if the mode has no label; an invalid level counts as the strictest one, as on a real server */
function policyOf(labels: NonNullable<KubeObject['metadata']['labels']>, mode: string): Policy | undefined {
  const given = labels[`${LABEL}${mode}`];
  if (given === undefined) return undefined;
  return {
    level: LEVELS.find((level) => level === given) ?? 'restricted',
    version: labels[`${LABEL}${mode}-version`] ?? 'latest',
  };
}

const nameOf = (policy: Policy | undefined): string => (policy ? `"${policy.level}:${policy.version}"` : '""');

/** Describes the violations of a level in one sentence; undefined if there are none. */
function broken(pod: JsonObject, { level }: Policy): string | undefined {
  const spec = treeAt(pod, 'spec');
  const violations = podViolations(spec, level, treeAt(pod, 'metadata', 'annotations'));
  if (violations.length === 0) return undefined;
  const told = RULES.flatMap(({ rules, reason, detail }) => {
    const own = violations.filter(({ rule }) => rules.includes(rule));
    return own.length === 0 ? [] : [`${reason} (${detail(spec, own)})`];
  });
  return told.join(', ');
}

interface RuleText {
  readonly rules: readonly string[];
  readonly reason: string;
  readonly detail: (spec: JsonObject, violations: readonly PodViolation[]) => string;
}

const quoted = (names: readonly string[]): string => [...new Set(names)].map((name) => JSON.stringify(name)).join(', ');

/** Returns the name of the list member that contains a violation. */
function nameAt(spec: JsonObject, path: PodViolation['path'], lists: readonly string[]): string[] {
  const [list, index] = path;
  if (typeof list !== 'string' || typeof index !== 'number' || !lists.includes(list)) return [];
  const member = (spec[list] as readonly JsonObject[])[index]; // the violation was found at this index
  return [String(member?.['name'])];
}

const CONTAINERS = ['initContainers', 'containers', 'ephemeralContainers'];

/** Formats names as `container "a"` or `containers "a", "b"`. */
const containers = (spec: JsonObject, violations: readonly PodViolation[]): string => {
  const names = [...new Set(violations.flatMap(({ path }) => nameAt(spec, path, CONTAINERS)))];
  return `${names.length === 1 ? 'container' : 'containers'} ${quoted(names)}`;
};

/** Formats what sets a forbidden field, as `pod and container "a"`. */
const setters = (spec: JsonObject, violations: readonly PodViolation[]): string => {
  const isPods = ({ path }: PodViolation): boolean => path[0] === 'securityContext';
  const own = violations.filter((violation) => !isPods(violation));
  return [...(violations.some(isPods) ? ['pod'] : []), ...(own.length > 0 ? [containers(spec, own)] : [])].join(
    ' and ',
  );
};

const details = (_spec: JsonObject, violations: readonly PodViolation[]): string =>
  [...new Set(violations.map(({ detail }) => detail))].join('; ');

/** Checks, in the order of the Kubernetes admission plugin. */
const RULES: readonly RuleText[] = [
  {
    rules: ['appArmor'],
    reason: 'forbidden AppArmor profile',
    detail: details,
  },
  { rules: ['hostProcess'], reason: 'hostProcess', detail: details },
  {
    rules: ['hostNetwork', 'hostPID', 'hostIPC'],
    reason: 'host namespaces',
    detail: (_spec, violations) => violations.map(({ rule }) => `${rule}=true`).join(', '),
  },
  { rules: ['hostPort'], reason: 'hostPort', detail: details },
  { rules: ['probeHost'], reason: 'probe or lifecycle host', detail: details },
  {
    rules: ['privileged'],
    reason: 'privileged',
    detail: (spec, own) => `${containers(spec, own)} must not set securityContext.privileged=true`,
  },
  { rules: ['procMount'], reason: 'procMount', detail: details },
  { rules: ['seLinux'], reason: 'seLinuxOptions', detail: details },
  { rules: ['sysctls'], reason: 'forbidden sysctls', detail: details },
  {
    rules: ['allowPrivilegeEscalation'],
    reason: 'allowPrivilegeEscalation != false',
    detail: (spec, own) => `${containers(spec, own)} must set securityContext.allowPrivilegeEscalation=false`,
  },
  {
    rules: ['capabilities'],
    reason: 'unrestricted capabilities',
    detail(spec, violations) {
      const drop = violations.filter(({ path }) => path.at(-1) === 'drop');
      const add = violations.filter(({ path }) => path.at(-1) === 'add');
      const added = add.map(({ detail }) => /capability (\S+)/.exec(detail)?.[1] ?? '').sort();
      return [
        ...(drop.length > 0 ? [`${containers(spec, drop)} must set securityContext.capabilities.drop=["ALL"]`] : []),
        ...(add.length > 0
          ? [`${containers(spec, add)} must not include ${quoted(added)} in securityContext.capabilities.add`]
          : []),
      ].join('; ');
    },
  },
  {
    rules: ['hostPath', 'volumes'],
    reason: 'restricted volume types',
    detail(spec, violations) {
      const names = [...new Set(violations.flatMap(({ path }) => nameAt(spec, path, ['volumes'])))];
      const types = [...new Set(violations.map(({ path }) => String(path[2])))].sort();
      const many = names.length === 1 ? ['volume', 'uses'] : ['volumes', 'use'];
      const type = types.length === 1 ? 'restricted volume type' : 'restricted volume types';
      return `${many[0]} ${quoted(names)} ${many[1]} ${type} ${quoted(types)}`;
    },
  },
  {
    rules: ['runAsNonRoot'],
    reason: 'runAsNonRoot != true',
    detail(spec, violations) {
      const isSet = ({ path }: PodViolation): boolean =>
        treeAt(spec, 'securityContext')['runAsNonRoot'] === false
          ? path[0] === 'securityContext'
          : contextAt(spec, path)['runAsNonRoot'] === false;
      const set = violations.filter(isSet);
      return set.length > 0
        ? `${setters(spec, set)} must not set securityContext.runAsNonRoot=false`
        : `pod or ${containers(spec, violations)} must set securityContext.runAsNonRoot=true`;
    },
  },
  {
    rules: ['runAsUser'],
    reason: 'runAsUser=0',
    detail: (spec, own) => `${setters(spec, own)} must not set runAsUser=0`,
  },
  {
    rules: ['seccomp'],
    reason: 'seccompProfile',
    detail(spec, violations) {
      const set = violations.filter(({ allowedBy }) => allowedBy === 'privileged');
      return set.length > 0
        ? `${setters(spec, set)} must not set securityContext.seccompProfile.type to "Unconfined"`
        : `pod or ${containers(spec, violations)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
    },
  },
];

const contextAt = (spec: JsonObject, [list, index]: PodViolation['path']): JsonObject =>
  typeof list === 'string' && typeof index === 'number'
    ? treeAt((spec[list] as readonly JsonObject[])[index] ?? {}, 'securityContext')
    : {};
