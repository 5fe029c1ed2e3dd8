import type { ClusterPolicy, ManifestError, PodSecurityLevel } from './manifest-error.ts';
import { at, groupKind, keyOf, nameOf, record, text, type KubernetesObject } from './objects.ts';
import { podsIn } from './find-pods.ts';
import { checkNetwork, manyHosts } from './check-network.ts';
import { checkRights } from './check-rights.ts';
import { allowsNamespace, globsAllowing } from './namespace-globs.ts';
import { podViolations } from '#kubernetes/pod-security';

export interface CheckOptions {
  readonly policy: ClusterPolicy;
  /** Name of the cluster, for the commands in findings. */
  readonly clusterName: string;
  readonly targetNamespace: string;
  readonly namespaceMode: 'override' | 'preserve';
  /** Returns whether a kind is namespaced; undefined if unknown. */
  readonly isNamespaced: (object: KubernetesObject) => boolean | undefined;
  /**
   * Whether an admin or owner of the organization deploys. They may bind roles in the entire cluster if its policy
   * allows that.
   */
  readonly byAdmin?: boolean;
}

/** Namespaces that no policy can allow, because their objects control the cluster. */
const SYSTEM_NAMESPACES: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

/** Maximum number of findings. */
const MAX_FINDINGS = 50;
const MAX_BYTES = 1_000_000;
const MAX_ANNOTATION_BYTES = 262_144;

/** Kinds that affect other namespaces although they are namespaced, or that only controllers write. */
const DENIED_KINDS: Readonly<Record<string, string>> = {
  Endpoints: 'endpoints can route traffic to other namespaces (CVE-2021-25740)',
  'discovery.k8s.io/EndpointSlice': 'endpoint slices can route traffic to other namespaces (CVE-2021-25740)',
  Event: 'events are written by controllers',
  'events.k8s.io/Event': 'events are written by controllers',
  'coordination.k8s.io/Lease': 'leases are written by controllers',
};

/**
 * Checks what a set of objects must not contain on this cluster, at any depth (every pod template of every kind is
 * checked). A pure function. The cluster's own admission applies in addition.
 */
export function checkManifests(objects: readonly KubernetesObject[], options: CheckOptions): readonly ManifestError[] {
  if (objects.length === 0)
    return [
      {
        code: 'deployments/no-objects',
        rule: 'empty',
        detail: 'The manifests contain no objects, which would delete everything.',
      },
    ];
  const namesOf = (wanted: string): ReadonlySet<string> =>
    new Set(objects.filter(({ kind }) => kind === wanted).map(({ metadata }) => metadata.name));
  const accounts = namesOf('ServiceAccount');
  const roles = namesOf('Role');
  const findings: ManifestError[] = manyHosts(objects);
  for (const object of objects) {
    findings.push(
      ...scope(object, options),
      ...size(object),
      ...denied(object),
      ...conversion(object, options),
      ...checkRights(object, { ...options, roles }),
      ...checkNetwork(object),
      ...pods(object, options, accounts),
    );
    if (findings.length >= MAX_FINDINGS) break;
  }
  return findings.slice(0, MAX_FINDINGS);
}

const isAllowed = ({ clusterScoped }: ClusterPolicy, kind: string): boolean =>
  clusterScoped === 'allow' || (clusterScoped !== 'deny' && clusterScoped.includes(kind));

/** Returns the command that allows a cluster-scoped kind. */
function allowing({ clusterScoped }: ClusterPolicy, clusterName: string, kind: string): string {
  const listed = Array.isArray(clusterScoped) ? clusterScoped : [];
  return `astroctl clusters policy set ${clusterName} --cluster-scoped ${[...listed, kind].join(',')}`;
}

function scope(
  object: KubernetesObject,
  { policy, clusterName, targetNamespace, isNamespaced }: CheckOptions,
): ManifestError[] {
  const key = keyOf(object);
  if (isNamespaced(object) === false) {
    const kind = groupKind(key);
    if (isAllowed(policy, kind)) return [];
    return [
      {
        code: 'deployments/cluster-scoped-not-allowed',
        object: key,
        rule: 'clusterScoped',
        detail: `${nameOf(key)} is cluster-scoped, and the policy of cluster ${clusterName} does not allow ${kind}.`,
        fix: allowing(policy, clusterName, kind),
      },
    ];
  }
  const namespace = object.metadata.namespace ?? targetNamespace;
  if (SYSTEM_NAMESPACES.has(namespace)) {
    return [
      {
        code: 'deployments/namespace-not-allowed',
        object: key,
        rule: 'namespaces',
        detail: `${nameOf(key)} would be in namespace ${namespace}, which belongs to the cluster itself.`,
        fix: 'choose another namespace',
      },
    ];
  }
  if (allowsNamespace(policy.namespaces, namespace)) return [];
  return [
    {
      code: 'deployments/namespace-not-allowed',
      object: key,
      rule: 'namespaces',
      detail: `${nameOf(key)} would be in namespace ${namespace}, which the policy of ${clusterName} does not allow.`,
      fix: `astroctl clusters policy set ${clusterName} --namespaces '${globsAllowing(policy.namespaces, namespace).join(',')}'`,
    },
  ];
}

/** Checks sizes beyond which the server returns a 500 or 413 without a usable message. */
function size(object: KubernetesObject): ManifestError[] {
  const key = keyOf(object);
  const bytes = Buffer.byteLength(JSON.stringify(object));
  const annotations = Buffer.byteLength(JSON.stringify(object.metadata.annotations ?? {}));
  if (bytes > MAX_BYTES)
    return [
      {
        code: 'deployments/invalid-manifest',
        object: key,
        rule: 'size',
        detail: `${nameOf(key)} has ${bytes} bytes; the limit is ${MAX_BYTES}.`,
      },
    ];
  if (annotations > MAX_ANNOTATION_BYTES)
    return [
      {
        code: 'deployments/invalid-manifest',
        object: key,
        pointer: '/metadata/annotations',
        rule: 'size',
        detail: `The annotations of ${nameOf(key)} have ${annotations} bytes; the limit is ${MAX_ANNOTATION_BYTES}.`,
      },
    ];
  return [];
}

function denied(object: KubernetesObject): ManifestError[] {
  const key = keyOf(object);
  const why = DENIED_KINDS[groupKind(key)];
  if (why !== undefined)
    return [
      {
        code: 'deployments/kind-not-allowed',
        object: key,
        rule: 'kind',
        detail: `${nameOf(key)} cannot be deployed: ${why}.`,
        fix: 'remove it',
      },
    ];
  if (object.kind === 'Secret' && object['type'] === 'kubernetes.io/service-account-token') {
    return [
      {
        code: 'deployments/kind-not-allowed',
        object: key,
        pointer: '/type',
        rule: 'token',
        detail: `${nameOf(key)} would contain a ServiceAccount token that never expires.`,
        fix: 'use a projected token volume',
      },
    ];
  }
  return [];
}

const WEBHOOKS = 'admissionregistration.k8s.io/MutatingWebhookConfiguration';

/**
 * Checks conversion webhooks. Like a mutating webhook, one can read and change every object of its kind in every
 * namespace.
 */
function conversion(object: KubernetesObject, { policy, clusterName }: CheckOptions): ManifestError[] {
  const key = keyOf(object);
  if (groupKind(key) !== 'apiextensions.k8s.io/CustomResourceDefinition') return [];
  const { strategy, webhook, webhookClientConfig } = record(at(object, 'spec', 'conversion'));
  const hasWebhook = strategy === 'Webhook' || webhook !== undefined || webhookClientConfig !== undefined;
  if (!hasWebhook || isAllowed(policy, WEBHOOKS)) return [];
  return [
    {
      code: 'deployments/cluster-scoped-not-allowed',
      object: key,
      pointer: '/spec/conversion',
      rule: 'conversionWebhook',
      detail: `${nameOf(key)} has a conversion webhook, and the policy of cluster ${clusterName} does not allow webhooks.`,
      fix: allowing(policy, clusterName, WEBHOOKS),
    },
  ];
}

function pods(
  object: KubernetesObject,
  { policy, clusterName }: CheckOptions,
  accounts: ReadonlySet<string>,
): ManifestError[] {
  const key = keyOf(object);
  const pointerOf = (path: readonly (string | number)[]) =>
    path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return podsIn(object).flatMap(({ spec, annotations, path, madeUpSteps }) => {
    const level = madeUpSteps > 0 && policy.podSecurity === 'restricted' ? 'baseline' : policy.podSecurity;
    const violations = podViolations(spec, level, annotations).map((violation): ManifestError => ({
      code: 'deployments/pod-security',
      object: key,
      pointer: pointerOf([...path, ...violation.path.slice(madeUpSteps)]),
      rule: violation.rule,
      detail: `${nameOf(key)} breaks the Pod Security level ${policy.podSecurity} of ${clusterName}: ${violation.detail}.`,
      fix: `remove it, or ask an admin to allow it: astroctl clusters policy set ${clusterName} --pod-security ${weakerLevel(policy.podSecurity, violation.allowedBy)}`,
    }));
    const field = (member: string, detail: string): ManifestError => ({
      code: 'deployments/field-not-allowed',
      object: key,
      pointer: pointerOf([...path, member]),
      rule: member,
      detail: `${nameOf(key)} ${detail}.`,
      fix: 'remove it',
    });
    const account = text(spec['serviceAccountName']) ?? text(spec['serviceAccount']);
    return [
      ...violations,
      ...(text(spec['nodeName']) ? [field('nodeName', 'sets nodeName, bypassing the scheduler')] : []),
      ...(text(spec['priorityClassName'])?.startsWith('system-')
        ? [field('priorityClassName', 'uses a priority class that is reserved for the system')]
        : []),
      ...(account !== undefined && account !== 'default' && !accounts.has(account)
        ? [field('serviceAccountName', `uses the ServiceAccount ${account}, which is not among the objects`)]
        : []),
    ];
  });
}

const weakerLevel = (level: PodSecurityLevel, allowedBy: 'baseline' | 'privileged'): PodSecurityLevel =>
  level === 'restricted' && allowedBy === 'baseline' ? 'baseline' : 'privileged';
