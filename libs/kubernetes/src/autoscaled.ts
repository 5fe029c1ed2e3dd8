import { at, type KubernetesObject } from './objects.ts';

/** Returns whether a HorizontalPodAutoscaler among the objects targets a workload. */
export const isAutoscaled = (workload: KubernetesObject, objects: readonly KubernetesObject[]): boolean =>
  objects.some(
    (other) =>
      other.kind === 'HorizontalPodAutoscaler' &&
      at(other, 'spec', 'scaleTargetRef', 'kind') === workload.kind &&
      at(other, 'spec', 'scaleTargetRef', 'name') === workload.metadata.name,
  );
