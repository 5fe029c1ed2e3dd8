import { createHash } from 'node:crypto';
import type { ResolvedSpec, RolloutTask } from '#deployments/contract';
import {
  checkManifests,
  decorate,
  hostNames,
  isKubernetesObject,
  namespacedByOwnCrd,
  readInlineManifests,
  renderImage,
  schemaErrors,
  type ClusterOffers,
  type KubernetesObject,
  type ManifestError,
} from '#kubernetes';
import { encodeText } from '#vault';

export interface RenderInput {
  readonly source: ResolvedSpec['source'];
  readonly fingerprintKey: string;
  /** Of the cluster, for an image. */
  readonly cluster?: ClusterOffers;
}

interface Refused {
  readonly ok: false;
  readonly errors: readonly ManifestError[];
}

export interface Rendered {
  readonly ok: true;
  /** A JSON array: it travels on between threads as it is. */
  readonly objects: string;
  readonly kinds: readonly Kind[];
  readonly warnings: readonly string[];
}

interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface CheckInput {
  /** Of {@link Rendered}. */
  readonly objects: string;
  /** Whether kinds are in namespaces, as the cluster's discovery knows it. */
  readonly scopes: readonly (Kind & { readonly namespaced: boolean })[];
  readonly task: Pick<RolloutTask, 'applicationId' | 'targetNamespace' | 'namespaceMode' | 'cluster' | 'byAdmin'>;
  /** See `Decoration`. */
  readonly attempt: string;
  /** Of the application, for objects that are not of our own rendering. */
  readonly labels: Readonly<Record<string, string>> | undefined;
}

export interface Checked {
  readonly ok: true;
  /** JSON, one text an object, so that nobody has to parse them all at once. */
  readonly objects: readonly string[];
  /** All of them, a JSON array in UTF-8. */
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, hex. */
  readonly digest: string;
  readonly warnings: readonly string[];
  /** Host names that they ask for. */
  readonly hosts: readonly string[];
}

/** What a rollout makes of manifests before it asks the cluster anything; `render.thread.ts` serves it to a pool. */
export const renderJobs = { render, check, split };

const NOTHING: ClusterOffers = { minor: 0, hasZones: false };

/** Objects of a source as they were written or drawn. */
function render({ source, fingerprintKey, cluster = NOTHING }: RenderInput): Rendered | Refused {
  if (source.type === 'image') {
    const { objects, preDeploy } = renderImage(source.workload, { fingerprintKey, cluster });
    return rendered([...objects, ...preDeploy], []);
  }
  const read = readInlineManifests(source.manifests);
  return read.ok ? rendered(read.value.objects, read.value.warnings) : { ok: false, errors: read.error };
}

function rendered(objects: readonly KubernetesObject[], warnings: readonly string[]): Rendered {
  const kinds = new Map(objects.map(({ apiVersion, kind }) => [nameOf({ apiVersion, kind }), { apiVersion, kind }]));
  return { ok: true, objects: JSON.stringify(objects), kinds: [...kinds.values()], warnings };
}

/** The same objects as they will be applied; refused by what can be known without the cluster. */
function check({ objects: json, scopes, task, attempt, labels }: CheckInput): Checked | Refused {
  const { applicationId, targetNamespace, namespaceMode, cluster, byAdmin = false } = task;
  const objects = objectsIn(json);
  const isNamespaced = scopeOf(objects, new Map(scopes.map((scope) => [nameOf(scope), scope.namespaced])));
  const decorated = decorate(objects, {
    applicationId,
    attempt,
    targetNamespace,
    namespaceMode,
    isNamespaced,
    ...(labels === undefined ? { ownRendering: true } : { labels }),
  });
  if (decorated.findings.length > 0) return { ok: false, errors: decorated.findings };
  const place = { targetNamespace, namespaceMode, isNamespaced, byAdmin };
  const rules = { policy: cluster.policy, clusterName: cluster.name, ...place };
  const errors = [...schemaErrors(decorated.objects), ...checkManifests(decorated.objects, rules)];
  if (errors.length > 0) return { ok: false, errors: errors.slice(0, MOST_ERRORS) };
  const hosts = hostNames(decorated.objects);
  const texts = decorated.objects.map((object) => JSON.stringify(object));
  const bytes = encodeText(`[${texts.join(',')}]`);
  return { ok: true, objects: texts, bytes, digest: sha256(bytes), warnings: decorated.warnings, hosts };
}

/** The first ones are told, the others counted. */
const MOST_ERRORS = 100;

/** The objects of recorded bytes, one text each. */
function split(json: string): readonly string[] {
  return objectsIn(json).map((object) => JSON.stringify(object));
}

function objectsIn(json: string): readonly KubernetesObject[] {
  const parsed: unknown = JSON.parse(json);
  if (!Array.isArray(parsed) || !parsed.every(isKubernetesObject))
    throw new Error('the recorded bytes are not a list of objects');
  return parsed;
}

/** Whether a kind is in namespaces: by the cluster's discovery, else by a CRD among the objects. */
function scopeOf(objects: readonly KubernetesObject[], known: ReadonlyMap<string, boolean>) {
  const found = new Map<string, boolean | undefined>(known);
  return (object: KubernetesObject): boolean | undefined => {
    const name = nameOf(object);
    if (!found.has(name)) found.set(name, namespacedByOwnCrd(objects, object));
    return found.get(name);
  };
}

const nameOf = ({ apiVersion, kind }: Kind): string => `${apiVersion}/${kind}`;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
