import { createHash } from 'node:crypto';
import type { PinnedSource, ResolvedSpec, RolloutTask } from '#deployments/contract';
import {
  checkManifests,
  decorate,
  hostNames,
  isKubernetesObject,
  namespacedByOwnCrd,
  readInlineManifests,
  readManifestFiles,
  renderImage,
  schemaErrors,
  withoutOtherHooks,
  type ClusterOffers,
  type KubernetesObject,
  type ManifestError,
  type ManifestFile,
} from '#kubernetes';
import { decodeText, encodeText } from '#vault';
import { z } from 'zod';

/** What a source outside of the platform was rendered to. */
export interface FilesInput {
  readonly files: readonly ManifestFile[];
  readonly warnings: readonly string[];
}

/** Source to render that needs nothing from outside of the platform. */
export interface RenderInput {
  readonly source: Exclude<ResolvedSpec['source'], PinnedSource>;
  readonly fingerprintKey: string;
  /** Of the cluster; for an image application. */
  readonly cluster?: ClusterOffers;
}

interface Refused {
  readonly ok: false;
  readonly errors: readonly ManifestError[];
}

/** Rendered objects. */
export interface Rendered {
  readonly ok: true;
  /** JSON array, passed between threads without parsing. */
  readonly objects: string;
  readonly kinds: readonly Kind[];
  readonly warnings: readonly string[];
}

/** Rendered objects of a source outside of the platform, and the record that preserves them. */
export interface Recorded extends Rendered {
  readonly record: Uint8Array;
}

const recordSchema = z.object({
  objects: z.string(),
  kinds: z.array(z.object({ apiVersion: z.string(), kind: z.string() })),
  warnings: z.array(z.string()),
});

interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Rendered objects, and all that their validation depends on. */
export interface CheckInput {
  /** From {@link Rendered}. */
  readonly objects: string;
  /** Whether kinds are namespaced, from the cluster's discovery. */
  readonly scopes: readonly (Kind & { readonly namespaced: boolean })[];
  readonly task: Pick<RolloutTask, 'applicationId' | 'targetNamespace' | 'namespaceMode' | 'cluster' | 'byAdmin'>;
  /** See `Decoration`. */
  readonly attempt: string;
  /** Labels of the application, for objects that the platform did not generate. */
  readonly labels: Readonly<Record<string, string>> | undefined;
}

/** Objects as they will be applied. */
export interface Checked {
  readonly ok: true;
  /** One JSON text per object, so that they need not be parsed at the same time. */
  readonly objects: readonly string[];
  /** All objects as a JSON array in UTF-8. */
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly digest: string;
  readonly warnings: readonly string[];
  /** Hosts of the objects. */
  readonly hosts: readonly string[];
}

/** Steps that process manifests before the cluster is contacted. `render.thread.ts` runs them in a pool. */
export const renderJobs = { render, read, recorded, check, split };

const NOTHING: ClusterOffers = { minor: 0, hasZones: false };

/** Returns the objects of a source, as written or generated. */
function render({ source, fingerprintKey, cluster = NOTHING }: RenderInput): Rendered | Refused {
  if (source.type === 'image') {
    const { objects, preDeploy } = renderImage(source.workload, { fingerprintKey, cluster });
    return rendered([...objects, ...preDeploy], []);
  }
  const inline = readInlineManifests(source.manifests);
  if (!inline.ok) return { ok: false, errors: inline.error };
  const deployed = withoutOtherHooks(inline.value.objects);
  return rendered(deployed.objects, [...deployed.warnings, ...inline.value.warnings]);
}

/** Returns the objects of files, and the record to store. */
function read({ files, warnings }: FilesInput): Recorded | Refused {
  const all = readManifestFiles(files);
  if (!all.ok) return { ok: false, errors: all.error };
  const deployed = withoutOtherHooks(all.value.objects);
  const { ok, ...read } = rendered(deployed.objects, [...deployed.warnings, ...warnings, ...all.value.warnings]);
  return { ok, ...read, record: encodeText(JSON.stringify(read)) };
}

/** Warning in records of an earlier release. It is no longer true: hooks run before and after the other objects. */
const OUTDATED = 'hooks that run with the other workloads, not before or after them: ';

/** Returns the objects in a record that `read` returned. */
function recorded(record: Uint8Array): Rendered {
  const { warnings, ...rest } = recordSchema.parse(JSON.parse(decodeText(record)));
  return { ok: true, ...rest, warnings: warnings.filter((warning) => !warning.startsWith(OUTDATED)) };
}

function rendered(objects: readonly KubernetesObject[], warnings: readonly string[]): Rendered {
  const kinds = new Map(objects.map(({ apiVersion, kind }) => [nameOf({ apiVersion, kind }), { apiVersion, kind }]));
  return { ok: true, objects: JSON.stringify(objects), kinds: [...kinds.values()], warnings };
}

/** Returns the objects as they will be applied. Rejects what is invalid regardless of the cluster. */
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
  if (errors.length > 0) return { ok: false, errors: errors.slice(0, MAX_ERRORS) };
  const hosts = hostNames(decorated.objects);
  const texts = decorated.objects.map((object) => JSON.stringify(object));
  const bytes = encodeText(`[${texts.join(',')}]`);
  return { ok: true, objects: texts, bytes, digest: sha256(bytes), warnings: decorated.warnings, hosts };
}

/** Maximum number of errors that are listed. */
const MAX_ERRORS = 100;

/** Splits recorded bytes into one text per object. */
function split(json: string): readonly string[] {
  return objectsIn(json).map((object) => JSON.stringify(object));
}

function objectsIn(json: string): readonly KubernetesObject[] {
  const parsed: unknown = JSON.parse(json);
  if (!Array.isArray(parsed) || !parsed.every(isKubernetesObject))
    throw new Error('the recorded bytes are not a list of objects');
  return parsed;
}

/** Returns whether a kind is namespaced, from the cluster's discovery or from a CRD among the objects. */
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
