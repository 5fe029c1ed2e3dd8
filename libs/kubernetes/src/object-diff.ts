import { at, isRecord, record, type JsonRecord, type KubernetesObject } from './objects.ts';
import { ATTEMPT_ANNOTATION, fingerprint } from './ownership.ts';
import type { FieldChange } from './plan.types.ts';

const MOST_CHANGES = 50;
const LONGEST_VALUE = 200;
/** Environment and arguments of containers: passwords are often written there, although they should not be. */
const MAY_HOLD_SECRETS =
  /(?:^|\/)(?:containers|initContainers|ephemeralContainers)(?:\/\d+)?(?:\/(?:env|args|command)(?:\/|$)|$)/;
/** Written by the server with every change, or by controllers. */
const SERVER_MEMBERS = ['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'selfLink'];

/** An object without what the server writes by itself and without the mark of the attempt: what counts as its content. */
export function contentOf(object: KubernetesObject): JsonRecord {
  const { status: _status, metadata, ...rest } = object;
  const kept = Object.fromEntries(Object.entries(metadata).filter(([member]) => !SERVER_MEMBERS.includes(member)));
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([name]) => name !== ATTEMPT_ANNOTATION),
  );
  return { ...rest, metadata: { ...kept, annotations } };
}

/**
 * What changes between two states of one object, at most 50 fields. Values of Secrets and of containers' environment and
 * arguments are shown as fingerprints that only tell whether they are equal.
 * @param fingerprintKey secret that makes fingerprints useless to others; without it nothing at all is shown of a Secret
 */
export function changesBetween(
  live: KubernetesObject,
  planned: KubernetesObject,
  fingerprintKey: string | undefined,
): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  const isSecret = live.kind === 'Secret' && live.apiVersion === 'v1';
  const shown = (value: unknown, path: readonly string[]): string => {
    if ((isSecret && (path[0] === 'data' || path[0] === 'stringData')) || MAY_HOLD_SECRETS.test(path.join('/')))
      return fingerprintKey === undefined ? 'hidden' : `fingerprint ${fingerprint(value, fingerprintKey)}`;
    const text = JSON.stringify(value) ?? 'null';
    return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text;
  };
  const compare = (before: unknown, after: unknown, path: readonly string[]): void => {
    if (changes.length >= MOST_CHANGES || isSame(before, after)) return;
    if (isRecord(before) && isRecord(after)) {
      for (const member of new Set([...Object.keys(before), ...Object.keys(after)]))
        compare(before[member], after[member], [...path, member]);
    } else if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
      before.forEach((item, index) => compare(item, after[index], [...path, String(index)]));
    } else {
      changes.push({
        pointer: path.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
        ...(before !== undefined && { before: shown(before, path) }),
        ...(after !== undefined && { after: shown(after, path) }),
      });
    }
  };
  compare(contentOf(live), contentOf(planned), []);
  return changes;
}

/** Whether two JSON values are equal, the order of members aside. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => isSame(item, b[index]));
  if (!isRecord(a) || !isRecord(b)) return false;
  const members = Object.keys(a);
  return (
    members.length === Object.keys(b).length &&
    members.every((member) => Object.hasOwn(b, member) && isSame(a[member], b[member]))
  );
}

/** Whether a field is in what a server-side apply would send: for autoscaled workloads `spec.replicas` is not. */
export const hasReplicas = (object: KubernetesObject): boolean =>
  at(object, 'spec', 'replicas') !== undefined && Object.hasOwn(record(object['spec']), 'replicas');
