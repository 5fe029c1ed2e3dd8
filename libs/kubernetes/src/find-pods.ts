import { at, isRecord, list, record, type JsonRecord } from './objects.ts';

/** A pod's spec inside an object, or a part of one. */
export interface FoundPod {
  /** As a pod's spec is written; of a part, a spec that holds only this part. */
  readonly spec: JsonRecord;
  /** Of the pod template around it. */
  readonly annotations: JsonRecord;
  /** Member names and indexes from the object to what was found. */
  readonly path: Path;
  /**
   * Leading steps of a path in `spec` that the object does not have, since `spec` was made up around a part of a pod (a
   * container, a security context, volumes); 0 for a pod. What the pod of a part sets elsewhere is not known: only what the
   * part sets itself can be judged.
   */
  readonly madeUpSteps: number;
}

type Path = readonly (string | number)[];

const CONTAINER_LISTS = ['containers', 'initContainers', 'ephemeralContainers'];
const HOST_NAMESPACES = ['hostNetwork', 'hostPID', 'hostIPC'];

/**
 * Everything that looks like a pod or a part of one, at any depth, below any member and in any kind: what an unknown
 * controller makes pods of is a pod template too. What contains one is searched on.
 */
export function podsIn(object: unknown): readonly FoundPod[] {
  const found: FoundPod[] = [];
  /** What is judged with the pod around it, and must not be told a second time as a part. */
  const judged = new Set<unknown>();
  const look = (value: unknown, annotations: JsonRecord, path: Path): void => {
    if (Array.isArray(value)) value.forEach((item, index) => look(item, {}, [...path, index]));
    if (!isRecord(value)) return;
    if (looksLikePod(value)) {
      found.push({ spec: value, annotations, path, madeUpSteps: 0 });
      judged.add(value);
      judged.add(value['volumes']);
      for (const name of CONTAINER_LISTS) list(value[name]).forEach((container) => judged.add(container));
    } else if (!judged.has(value) && isRecord(value['securityContext'])) {
      const { securityContext } = value;
      found.push({ spec: { containers: [{ securityContext }] }, annotations: {}, path, madeUpSteps: 2 });
    }
    const inner = record(at(value, 'metadata', 'annotations'));
    for (const [member, child] of Object.entries(value)) {
      if (/volumes$/i.test(member) && !judged.has(child) && list(child).some((item) => isRecord(at(item, 'hostPath'))))
        found.push({ spec: { volumes: child }, annotations: {}, path: [...path, member], madeUpSteps: 1 });
      look(child, member === 'spec' ? inner : {}, [...path, member]);
    }
  };
  look(object, {}, []);
  return found;
}

const looksLikePod = (value: JsonRecord): boolean =>
  HOST_NAMESPACES.some((member) => value[member] === true) ||
  list(value['volumes']).some((volume) => typeof at(volume, 'name') === 'string' && isRecord(at(volume, 'hostPath'))) ||
  CONTAINER_LISTS.some((member) =>
    list(value[member]).some(
      (container) => typeof at(container, 'image') === 'string' || typeof at(container, 'name') === 'string',
    ),
  );
