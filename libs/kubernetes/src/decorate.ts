import { isAutoscaled } from './autoscaled.ts';
import type { ManifestError } from './manifest-error.ts';
import {
  at,
  isRecord,
  keyOf,
  keyText,
  list,
  nameOf,
  record,
  withoutNulls,
  type JsonRecord,
  type KubernetesObject,
} from './objects.ts';
import {
  APPLICATION_LABEL,
  ATTEMPT_ANNOTATION,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  OWNER_ANNOTATION,
  RESERVED_PREFIX,
  USER_ANNOTATIONS,
} from './ownership.ts';
import { withCanonicalQuantities } from './quantity.ts';

export interface Decoration {
  readonly applicationId: string;
  /** ID of the attempt that deploys, for an annotation. */
  readonly attempt: string;
  readonly targetNamespace: string;
  readonly namespaceMode: 'override' | 'preserve';
  /** Returns whether a kind is namespaced, by discovery or by a CRD of the set; undefined if the kind is unknown. */
  readonly isNamespaced: (object: KubernetesObject) => boolean | undefined;
  /** Labels of the application for every object. */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Whether the platform rendered the objects, in which case its reserved labels and annotations are kept. False by
   * default.
   */
  readonly ownRendering?: boolean;
}

export interface Decorated {
  readonly objects: readonly KubernetesObject[];
  readonly warnings: readonly string[];
  readonly findings: readonly ManifestError[];
}

/** Members that the server writes. A manifest has them if it was copied from a live object. */
const SERVER_MEMBERS = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
  'ownerReferences',
];
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Paths of the pod template by kind. The application label must also be on pods. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

/**
 * Prepares objects for deployment: sets the target namespace and ownership marks, and converts them to the form in
 * which the server stores them (no nulls, `data` instead of `stringData`, canonical quantities). What cannot be
 * converted safely is a finding.
 */
export function decorate(objects: readonly KubernetesObject[], decoration: Decoration): Decorated {
  const { targetNamespace, namespaceMode } = decoration;
  const warnings: string[] = [];
  const findings: ManifestError[] = [];
  const moved: string[] = [];
  const stripped: string[] = [];
  const autoscaled: string[] = [];
  const decorated: KubernetesObject[] = [];
  const seen = new Map<string, string>();

  for (const object of objects) {
    const namespaced = decoration.isNamespaced(object);
    if (object.apiVersion === 'v1' && object.kind === 'Namespace' && object.metadata.name === targetNamespace) {
      warnings.push(`Namespace ${targetNamespace} is managed by the platform; the document is ignored`);
      continue;
    }
    if (namespaced === undefined) {
      findings.push({
        code: 'deployments/unknown-kind',
        object: keyOf(object),
        rule: 'unknown-kind',
        detail: `The cluster does not know ${object.kind} in ${object.apiVersion}, and no CustomResourceDefinition among the objects defines it.`,
      });
      continue;
    }
    const named = object.metadata.namespace;
    if (namespaced && namespaceMode === 'override' && named !== undefined && named !== targetNamespace)
      moved.push(`${object.kind} ${object.metadata.name} (${named})`);
    const namespace = namespaced
      ? namespaceMode === 'override'
        ? targetNamespace
        : (named ?? targetNamespace)
      : undefined;
    const clean = strip(object, decoration.ownRendering === true);
    if (clean.removed.length > 0) stripped.push(`${object.kind} ${object.metadata.name} (${clean.removed.join(', ')})`);
    const scaled = isAutoscaled(object, objects) && at(object, 'spec', 'replicas') !== undefined;
    if (scaled) autoscaled.push(`${object.kind} ${object.metadata.name}`);
    const result = mark(normalize(scaled ? withoutReplicas(clean.object) : clean.object), namespace, decoration);
    const key = keyText(keyOf(result));
    const other = seen.get(key);
    if (other !== undefined) {
      findings.push({
        code: 'deployments/duplicate-object',
        object: keyOf(result),
        rule: 'duplicate',
        detail: `${nameOf(keyOf(result))} is defined twice${other === (named ?? '') ? '' : ': the objects come from different namespaces'}.`,
      });
    }
    seen.set(key, named ?? '');
    decorated.push(result);
  }
  if (moved.length > 0) warnings.push(`into namespace ${targetNamespace} instead of their own: ${enumerate(moved)}`);
  if (stripped.length > 0)
    warnings.push(`ignored because the server or the platform sets them: ${enumerate(stripped)}`);
  if (autoscaled.length > 0) warnings.push(`replicas are managed by the autoscaler: ${enumerate(autoscaled)}`);
  return { objects: decorated, warnings, findings };
}

const enumerate = (items: readonly string[]): string =>
  items.length > 20 ? `${items.slice(0, 20).join(', ')} and ${items.length - 20} more` : items.join(', ');

function strip(
  object: KubernetesObject,
  ownRendering: boolean,
): { readonly object: KubernetesObject; readonly removed: readonly string[] } {
  const removed: string[] = [];
  const metadata: Record<string, unknown> = {};
  for (const [member, value] of Object.entries(object.metadata)) {
    if (SERVER_MEMBERS.includes(member)) {
      if (value !== null) removed.push(member);
    } else if ((member === 'labels' || member === 'annotations') && isRecord(value) && !ownRendering) {
      const kept = Object.entries(value).filter(
        ([name]) => !(name.startsWith(RESERVED_PREFIX) && !USER_ANNOTATIONS.has(name)) && name !== LAST_APPLIED,
      );
      if (kept.length < Object.keys(value).length) removed.push(`${member} of the platform or kubectl`);
      metadata[member] = Object.fromEntries(kept);
    } else metadata[member] = value;
  }
  const members = Object.entries(object).filter(([member]) => member !== 'metadata' && member !== 'status');
  return {
    object: {
      ...Object.fromEntries(members),
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: { ...metadata, name: object.metadata.name },
    },
    removed,
  };
}

/** Removes replicas, which would override the autoscaler at each deployment. */
function withoutReplicas(object: KubernetesObject): KubernetesObject {
  const { replicas: _, ...spec } = record(object['spec']);
  return { ...object, spec };
}

/** Converts an object to a form that a server-side apply stores unchanged. */
function normalize(object: KubernetesObject): KubernetesObject {
  const plain = withCanonicalQuantities(withoutNulls(object));
  if (plain.apiVersion !== 'v1' || plain.kind !== 'Secret' || plain['stringData'] === undefined) return plain;
  // A key removed from `stringData` would stay in the Secret; a key removed from `data` is deleted.
  const { stringData, ...rest } = plain;
  const texts = Object.entries(record(stringData)).map(
    ([key, value]) => [key, Buffer.from(String(value)).toString('base64')] as const,
  );
  return {
    ...rest,
    apiVersion: plain.apiVersion,
    kind: plain.kind,
    metadata: plain.metadata,
    data: { ...record(plain['data']), ...Object.fromEntries(texts) },
  };
}

function mark(
  object: KubernetesObject,
  namespace: string | undefined,
  { applicationId, attempt, labels = {} }: Decoration,
): KubernetesObject {
  const { namespace: _, ...metadata } = object.metadata;
  const marked: KubernetesObject = {
    ...object,
    metadata: {
      ...metadata,
      name: object.metadata.name,
      ...(namespace !== undefined && { namespace }),
      labels: {
        ...labels,
        ...object.metadata.labels,
        [MANAGED_BY_LABEL]: MANAGED_BY,
        [APPLICATION_LABEL]: applicationId,
      },
      annotations: { ...object.metadata.annotations, [OWNER_ANNOTATION]: applicationId, [ATTEMPT_ANNOTATION]: attempt },
    },
  };
  const path = TEMPLATES[object.kind];
  return path && isRecord(at(object, ...path)) ? { ...marked, ...labelled(object, path, applicationId) } : marked;
}

/** Returns the top-level member of the path with the application's label in its pod template. */
function labelled(object: KubernetesObject, path: readonly string[], applicationId: string): JsonRecord {
  const change = (value: unknown, rest: readonly string[]): unknown => {
    const [step, ...further] = rest;
    const here = record(value);
    if (step !== undefined) return { ...here, [step]: change(here[step], further) };
    const metadata = record(here['metadata']);
    return {
      ...here,
      metadata: { ...metadata, labels: { ...record(metadata['labels']), [APPLICATION_LABEL]: applicationId } },
    };
  };
  const [top = 'spec', ...rest] = path;
  return { [top]: change(object[top], rest) };
}

/** Looks up whether a kind is namespaced in the CRDs of the set. */
export function namespacedByOwnCrd(
  objects: readonly KubernetesObject[],
  { apiVersion, kind }: KubernetesObject,
): boolean | undefined {
  const crd = objects.find(
    (object) =>
      object.kind === 'CustomResourceDefinition' &&
      at(object, 'spec', 'names', 'kind') === kind &&
      list(at(object, 'spec', 'versions')).some(
        (version) => `${String(at(object, 'spec', 'group'))}/${String(at(version, 'name'))}` === apiVersion,
      ),
  );
  return crd && at(crd, 'spec', 'scope') === 'Namespaced';
}
