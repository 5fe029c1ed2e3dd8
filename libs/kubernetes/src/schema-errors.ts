import type { Json } from '#kernel';
import { checkObject } from '#kubernetes/schemas';
import { readInlineManifests } from './inline-manifests.ts';
import type { ManifestError } from './manifest-error.ts';
import { keyOf, nameOf, withoutNulls, type KubernetesObject } from './objects.ts';

/**
 * Validates objects against the schemas of Kubernetes, without a server. Unknown kinds (custom resources, kinds of a
 * newer release) are left to the cluster's dry run.
 */
export const schemaErrors = (objects: readonly KubernetesObject[]): readonly ManifestError[] =>
  objects.flatMap((object) => errorsOf(object));

/**
 * Validates the manifests of a text as far as possible without a cluster: valid YAML, Kubernetes objects without
 * duplicates, and fields that match the schemas. Every error has its position in the text.
 */
export function checkInlineManifests(source: string): readonly ManifestError[] {
  const read = readInlineManifests(source);
  if (!read.ok) return read.error;
  const { objects, position } = read.value;
  return objects.flatMap((object, index) =>
    errorsOf(withoutNulls(object)).map((error) => {
      const place = position(index, stepsOf(error.pointer ?? ''));
      return { ...error, place, detail: `line ${place.line}:${place.column}: ${error.detail}` };
    }),
  );
}

function errorsOf(object: KubernetesObject): ManifestError[] {
  const key = keyOf(object);
  return checkObject(object as unknown as Json) // parsed from JSON or YAML, or rendered by the platform
    .filter(({ reason }) => reason !== 'unknown-kind')
    .map(({ reason, field, pointer, message, nearest }) => {
      const end = nearest === undefined || message.includes(nearest) ? '.' : `; did you mean ${nearest}?`;
      return {
        code: reason === 'unknown-field' ? 'deployments/unknown-field' : 'deployments/invalid-manifest',
        object: key,
        pointer,
        rule: reason,
        detail: `${nameOf(key)}: ${field}: ${message.replace(/\.$/, '')}${end}`,
      };
    });
}

const stepsOf = (pointer: string): (string | number)[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step.replaceAll('~1', '/').replaceAll('~0', '~')));
