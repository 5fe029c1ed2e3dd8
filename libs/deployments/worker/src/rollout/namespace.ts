import type { KubernetesObject, PodSecurityLevel } from '#kubernetes';
import { at, text } from '../cluster/json.ts';

/** What stands on a namespace that the platform made. */
export interface NamespaceMarks {
  /** Label key by which our namespaces are known; its value is the organization's id. */
  readonly label: string;
  readonly managedBy: { readonly key: string; readonly value: string };
}

export type NamespacePlan = 'create' | 'label' | 'leave' | 'wait' | 'refuse';

const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** The namespace as we make it: ours, and held to the cluster's Pod Security level by the cluster itself. */
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

export const isOurs = (namespace: KubernetesObject, organizationId: string, label: string): boolean =>
  namespace.metadata.labels?.[label] === organizationId;

/** The organization that the label names, where it is another one: of this platform, or of another on the same cluster. */
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
 * A namespace that no platform made is used as it is: neither labelled nor ever deleted. One that carries the mark of
 * another organization is refused.
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
  if (!isOurs(live, organizationId, label)) return 'leave';
  const missing = Object.entries(wanted.metadata.labels ?? {}).some(
    ([key, value]) => live.metadata.labels?.[key] !== value,
  );
  return missing ? 'label' : 'leave';
}
