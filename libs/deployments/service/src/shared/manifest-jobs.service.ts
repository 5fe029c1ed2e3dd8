import {
  openEnvelope,
  readApplication,
  readProfile,
  readRegistration,
  spellingWarnings,
  type ApplicationSpec,
  type FieldChange,
  type ManifestKind,
  type ResolvedSpec,
} from '#deployments/contract';
import { hostNames, keyOf, readInlineManifests, type KubernetesObject, type ObjectKey } from '#kubernetes';
import { ok, type InputError, type Result } from '#kernel';
import { differencesOf, MAX_CHANGES, renderedDifferencesOf, type RenderedPair } from './differences.service.ts';
import { appliedObjects, withHiddenValues } from './hidden-values.service.ts';

/** A manifest that was read, and the JSON pointer of its spec. */
export interface ReadManifest<Spec> {
  readonly spec: Spec;
  readonly pointer: string;
  /** One sentence for each older spelling. */
  readonly warnings?: readonly string[];
}

type Reading<Spec> = Result<ReadManifest<Spec>, readonly InputError[]>;

/** Jobs that read manifests from JSON with the schema of their kind. `manifests.thread.ts` runs them in a pool. */
export const manifestJobs = {
  application: (json: string) => readAs(json, 'Application', readApplication),
  profile: (json: string) => readAs(json, 'ApplicationProfile', readProfile),
  registration: (json: string) => readAs(json, 'K8sClusterRegistration', readRegistration),
  differences: (json: string): Differences => {
    const { before, after, key, rendered } = JSON.parse(json) as Compared; // serialized by the manifest reader
    const all = [...differencesOf(before, after, key), ...(rendered ? renderedDifferencesOf(rendered) : [])];
    return { changes: all.slice(0, MAX_CHANGES), omitted: Math.max(0, all.length - MAX_CHANGES) };
  },
  /** Returns the hosts of inline manifests. Empty if they cannot be parsed, which the manifest reader rejects. */
  hosts: (manifests: string): string[] => {
    const read = readInlineManifests(manifests);
    return read.ok ? hostNames(read.value.objects) : [];
  },
  applied: (json: string) => {
    const { rendered, from, bytes, key } = JSON.parse(json) as Applied; // serialized by the manifest reader
    return appliedObjects(rendered, from, bytes, key);
  },
  /** Returns the objects of inline manifests. Empty if they cannot be parsed, which the manifest reader rejects. */
  objects: (manifests: string): ObjectKey[] => {
    const read = readInlineManifests(manifests);
    return read.ok ? read.value.objects.map(keyOf) : [];
  },
  /** Returns the objects of a record that a worker has written. */
  renderedObjects: (json: string): ObjectKey[] => (JSON.parse(json) as readonly KubernetesObject[]).map(keyOf),
  hidden: (json: string) => {
    const { spec, key } = JSON.parse(json) as Shown; // serialized by the manifest reader
    return withHiddenValues(spec, key);
  },
};

/** Arguments of {@link appliedObjects}. */
export interface Applied {
  readonly rendered: string;
  readonly from: number;
  readonly bytes: number;
  readonly key: string;
}

/** Arguments of {@link withHiddenValues}. */
export interface Shown {
  readonly spec: ApplicationSpec;
  readonly key: string;
}

/** Arguments of {@link differencesOf}, and of {@link renderedDifferencesOf} if the objects are compared too. */
export interface Compared {
  readonly before?: ResolvedSpec;
  readonly after: ResolvedSpec;
  readonly key: string;
  readonly rendered?: RenderedPair;
}

/** The first differences, and the number of those that follow. */
export interface Differences {
  readonly changes: FieldChange[];
  readonly omitted: number;
}

function readAs<Spec>(
  json: string,
  kind: ManifestKind,
  read: (document: unknown) => Result<Spec, InputError[]>,
): Reading<Spec> {
  const document: unknown = JSON.parse(json);
  const spec = read(document);
  if (!spec.ok) return spec;
  const opened = openEnvelope(document);
  const warnings = spellingWarnings(kind, document);
  return ok({
    spec: spec.value,
    pointer: opened.ok ? opened.value.pointer : '',
    ...(warnings.length > 0 && { warnings }),
  });
}
