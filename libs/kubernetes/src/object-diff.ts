import { at, isRecord, record, type JsonRecord, type KubernetesObject } from './objects.ts';
import { ATTEMPT_ANNOTATION, fingerprint } from './ownership.ts';
import type { FieldChange } from './plan.types.ts';

const MAX_CHANGES = 50;
const MAX_VALUE_LENGTH = 200;
/** Matches environment and arguments of containers, which often contain passwords although they should not. */
const MAY_HOLD_SECRETS =
  /(?:^|\/)(?:containers|initContainers|ephemeralContainers)(?:\/\d+)?(?:\/(?:env|args|command)(?:\/|$)|$)/;
/** Members of Secrets and ConfigMaps with values. */
const HOLDER_MEMBERS = ['data', 'stringData', 'binaryData'];
/** Members that the server or controllers write. */
const SERVER_MEMBERS = ['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'selfLink'];

/** Returns an object without members that the server writes and without the attempt annotation. */
export function contentOf(object: KubernetesObject): JsonRecord {
  const { status: _status, metadata, ...rest } = object;
  const kept = Object.fromEntries(Object.entries(metadata).filter(([member]) => !SERVER_MEMBERS.includes(member)));
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([name]) => name !== ATTEMPT_ANNOTATION),
  );
  return { ...rest, metadata: { ...kept, annotations } };
}

/**
 * Returns the changed fields between two states of one object, at most 50. Values of Secrets and ConfigMaps, and of
 * environment and arguments of containers, are shown as fingerprints, which only allow to compare them.
 * @param fingerprintKey secret key of the fingerprints; without it, nothing of these values is shown
 */
export function changesBetween(
  live: KubernetesObject,
  planned: KubernetesObject,
  fingerprintKey: string | undefined,
): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  const isHolder = live.apiVersion === 'v1' && (live.kind === 'Secret' || live.kind === 'ConfigMap');
  const shown = (value: unknown, path: readonly string[]): string => {
    if ((isHolder && HOLDER_MEMBERS.includes(path[0] ?? '')) || MAY_HOLD_SECRETS.test(path.join('/')))
      return fingerprintKey === undefined ? 'hidden' : `fingerprint ${fingerprint(value, fingerprintKey)}`;
    const text = JSON.stringify(value) ?? 'null';
    return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH - 1)}…` : text;
  };
  const compare = (before: unknown, after: unknown, path: readonly string[]): void => {
    if (changes.length >= MAX_CHANGES || isSame(before, after)) return;
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

/** Compares two JSON values. The order of members is ignored. */
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

/** Returns whether an apply would send `spec.replicas`. It is omitted for autoscaled workloads. */
export const hasReplicas = (object: KubernetesObject): boolean =>
  at(object, 'spec', 'replicas') !== undefined && Object.hasOwn(record(object['spec']), 'replicas');
