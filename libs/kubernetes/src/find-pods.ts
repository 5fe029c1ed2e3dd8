import { at, isRecord, list, record, type JsonRecord } from './objects.ts';

/** A pod spec in an object, or a part of one. */
export interface FoundPod {
  /** The pod spec. For a part, a spec that contains only this part. */
  readonly spec: JsonRecord;
  /** Annotations of the surrounding pod template. */
  readonly annotations: JsonRecord;
  /** Path from the object to the spec or part. */
  readonly path: Path;
  /**
   * Number of leading path steps in `spec` that do not exist in the object, because `spec` was constructed for a part
   * of a pod (a container, a security context, volumes); 0 for a pod. For a part, only the fields that it sets itself
   * can be checked.
   */
  readonly madeUpSteps: number;
}

type Path = readonly (string | number)[];

const CONTAINER_LISTS = ['containers', 'initContainers', 'ephemeralContainers'];
const HOST_NAMESPACES = ['hostNetwork', 'hostPID', 'hostIPC'];

/**
 * Finds everything that looks like a pod or a part of one, at any depth and in any kind, since an unknown controller
 * may create pods from it. Also searches within what it finds.
 */
export function podsIn(object: unknown): readonly FoundPod[] {
  const found: FoundPod[] = [];
  /** Values that are checked as part of their pod and must not be reported again. */
  const checked = new Set<unknown>();
  const search = (value: unknown, annotations: JsonRecord, path: Path): void => {
    if (Array.isArray(value)) value.forEach((item, index) => search(item, {}, [...path, index]));
    if (!isRecord(value)) return;
    if (looksLikePod(value)) {
      found.push({ spec: value, annotations, path, madeUpSteps: 0 });
      checked.add(value);
      checked.add(value['volumes']);
      for (const name of CONTAINER_LISTS) list(value[name]).forEach((container) => checked.add(container));
    } else if (!checked.has(value) && isRecord(value['securityContext'])) {
      const { securityContext } = value;
      found.push({ spec: { containers: [{ securityContext }] }, annotations: {}, path, madeUpSteps: 2 });
    }
    const inner = record(at(value, 'metadata', 'annotations'));
    for (const [member, child] of Object.entries(value)) {
      if (/volumes$/i.test(member) && !checked.has(child) && list(child).some((item) => isRecord(at(item, 'hostPath'))))
        found.push({ spec: { volumes: child }, annotations: {}, path: [...path, member], madeUpSteps: 1 });
      search(child, member === 'spec' ? inner : {}, [...path, member]);
    }
  };
  search(object, {}, []);
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
