import type { KubernetesObject, PodSecurityLevel } from '#kubernetes';
import { at, text } from '../cluster/json.ts';

/** Labels of a namespace that the platform created. */
export interface NamespaceMarks {
  /** Label key of the platform's namespaces. Its value is the id of the organization. */
  readonly label: string;
  readonly managedBy: { readonly key: string; readonly value: string };
}

/** What to do with the target namespace. */
export type NamespacePlan = 'create' | 'label' | 'leave' | 'wait' | 'refuse';

const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** Returns the namespace to create, with the label of the platform and the Pod Security level of the cluster. */
export const namespaceObject = (
  name: string,
  organizationId: string,
  level: PodSecurityLevel,
  { label, managedBy }: NamespaceMarks,
): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name,
    labels: {
      [managedBy.key]: managedBy.value,
      [label]: organizationId,
      [ENFORCE]: level,
      'pod-security.kubernetes.io/warn': level,
    },
  },
});

/** Returns whether the platform created the namespace for the organization. */
export const isOwnedBy = (namespace: KubernetesObject, organizationId: string, label: string): boolean =>
  namespace.metadata.labels?.[label] === organizationId;

/** Returns the other organization that the label names, of this or another platform on the same cluster. */
export function otherOwner(
  { metadata: { labels } }: KubernetesObject,
  organizationId: string,
  label: string,
): string | undefined {
  const owner = labels?.[label];
  return owner === organizationId ? undefined : owner;
}

const isTerminating = (namespace: KubernetesObject): boolean =>
  namespace.metadata.deletionTimestamp !== undefined || text(at(namespace, 'status', 'phase')) === 'Terminating';

/**
 * Plans the target namespace. A namespace that no platform created is used unchanged, and never labelled or deleted.
 * One with the label of another organization is rejected.
 */
export function planNamespace(
  live: KubernetesObject | undefined,
  wanted: KubernetesObject,
  organizationId: string,
  label: string,
): NamespacePlan {
  if (!live) return 'create';
  if (otherOwner(live, organizationId, label) !== undefined) return 'refuse';
  if (isTerminating(live)) return 'wait';
  if (!isOwnedBy(live, organizationId, label)) return 'leave';
  const missing = Object.entries(wanted.metadata.labels ?? {}).some(
    ([key, value]) => live.metadata.labels?.[key] !== value,
  );
  return missing ? 'label' : 'leave';
}
