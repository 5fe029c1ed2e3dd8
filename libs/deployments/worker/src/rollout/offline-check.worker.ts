import type { Json } from '#kernel';
import { keyOf, nameOf, type ManifestError, type KubernetesObject } from '#kubernetes';
import { checkObject } from '#kubernetes/schemas';

/**
 * What a server would refuse by Kubernetes' own schemas, found without one. Kinds that they do not hold (custom
 * resources, kinds of a newer release) are left to the cluster's dry run.
 */
export function offlineErrors(objects: readonly KubernetesObject[]): readonly ManifestError[] {
  return objects.flatMap((object) =>
    checkObject(object as unknown as Json) // parsed from JSON or YAML, or made by our own rendering
      .filter(({ reason }) => reason !== 'unknown-kind')
      .map(({ reason, field, pointer, message, nearest }): ManifestError => {
        const key = keyOf(object);
        const end = nearest === undefined ? '.' : `; did you mean ${nearest}?`;
        return {
          code: reason === 'unknown-field' ? 'deployments/unknown-field' : 'deployments/invalid-manifest',
          object: key,
          pointer,
          rule: reason,
          detail: `${nameOf(key)}: ${field}: ${message.replace(/\.$/, '')}${end}`,
        };
      }),
  );
}
