import { err, ok, type Result } from '#kernel';
import { parseManifests, type Place } from '#kubernetes/yaml';
import type { ManifestError } from './manifest-error.ts';
import { at, isKubernetesObject, isRecord, keyOf, keyText, nameOf, type KubernetesObject } from './objects.ts';

export interface InlineManifests {
  readonly objects: readonly KubernetesObject[];
  /** One sentence each, with line and column. */
  readonly warnings: readonly string[];
  /** Returns the position of the member at a path of the n-th object. */
  position(index: number, path: readonly (string | number)[]): Place;
}

const MAX_OBJECTS = 2_000;
/** Parser limits for all manifests of an application together. */
const LIMITS = { maxTokens: 500_000, maxNodes: 100_000 };

/**
 * Reads Kubernetes objects from the documents of a text. Expands lists (`kind: List`, or `…List` with `items`),
 * including nested ones. Refuses an object that is defined twice, as the later one would silently replace the other.
 */
export function readInlineManifests(source: string): Result<InlineManifests, readonly ManifestError[]> {
  const parsed = parseManifests(source, LIMITS);
  if (!parsed.ok)
    return err(parsed.error.map(({ line, column, message }) => invalid('yaml', { line, column }, `${message}.`)));

  const objects: KubernetesObject[] = [];
  const places: {
    readonly position: (path: readonly (string | number)[]) => Place;
    readonly below: readonly (string | number)[];
  }[] = [];
  const findings: ManifestError[] = [];
  const seen = new Map<string, Place>();
  const take = (
    value: unknown,
    position: (path: readonly (string | number)[]) => Place,
    below: readonly (string | number)[],
  ): void => {
    if (findings.length >= 50) return;
    const refuse = (rule: string, detail: string) => findings.push(invalid(rule, position(below), detail));
    if (
      isRecord(value) &&
      typeof value['kind'] === 'string' &&
      value['kind'].endsWith('List') &&
      Array.isArray(value['items'])
    ) {
      if (below.length > 16) refuse('nesting', 'lists are nested too deeply.');
      else value['items'].forEach((item: unknown, index) => take(item, position, [...below, 'items', index]));
      return;
    }
    if (!isRecord(value)) refuse('not-an-object', 'a manifest must be a map with apiVersion, kind, and metadata.');
    else if (typeof at(value, 'metadata', 'generateName') === 'string' && at(value, 'metadata', 'name') === undefined) {
      findings.push({
        code: 'deployments/field-not-allowed',
        rule: 'generateName',
        ...placed(position(below), 'generateName would create a new object with every deployment; set metadata.name.'),
      });
    } else if (!isKubernetesObject(value)) {
      const missing = ['apiVersion', 'kind'].find((member) => typeof value[member] !== 'string') ?? 'metadata.name';
      refuse('required', `${missing} is missing or not a string.`);
    } else if (objects.length >= MAX_OBJECTS) refuse('too-many', `there are more than ${MAX_OBJECTS} objects.`);
    else {
      const key = keyOf(value);
      const first = seen.get(keyText(key));
      if (first)
        findings.push({
          code: 'deployments/duplicate-object',
          object: key,
          rule: 'duplicate',
          ...placed(position(below), `${nameOf(key)} is defined twice; first in line ${first.line}.`),
        });
      seen.set(keyText(key), position(below));
      objects.push(value);
      places.push({ position, below });
    }
  };
  for (const document of parsed.value.documents) take(document.value, (path) => document.position(path), []);
  if (findings.length > 0) return err(findings);
  if (objects.length === 0)
    return err([
      {
        code: 'deployments/no-objects',
        rule: 'empty',
        detail: 'The manifests contain no Kubernetes objects, which would delete everything.',
      },
    ]);
  return ok({
    objects,
    warnings: parsed.value.warnings.map(({ line, column, message }) => `line ${line}:${column}: ${message}`),
    position: (index, path) => places[index]?.position([...places[index].below, ...path]) ?? { line: 1, column: 1 },
  });
}

const placed = (place: Place, detail: string) => ({
  place: { line: place.line, column: place.column },
  detail: `line ${place.line}:${place.column}: ${detail}`,
});

const invalid = (rule: string, place: Place, detail: string): ManifestError => ({
  code: 'deployments/invalid-manifest',
  rule,
  ...placed(place, detail),
});
