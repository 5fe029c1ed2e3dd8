import { createHmac } from 'node:crypto';
import { canonicalJson } from '#kernel';
import type { KubernetesObject } from './objects.ts';

/** Field manager of every server-side apply of the platform. */
export const FIELD_MANAGER = 'astro-platform';
/** Holds the live number of replicas while an autoscaler takes over from us. */
export const HANDOVER_MANAGER = 'astro-platform-replicas';
/** Takes away fields that the server defaulted; owns nothing afterwards. */
export const UNION_MANAGER = 'astro-platform-union';
/** Label on every object of an application and on its pods: the application's id. */
export const APPLICATION_LABEL = 'platform.astropulse.io/application';
/** Annotation: the attempt that last changed the object. */
export const ATTEMPT_ANNOTATION = 'platform.astropulse.io/attempt';
/** Annotation: the application's id once more; what is pruned has both, since operators copy labels to what they make. */
export const OWNER_ANNOTATION = 'platform.astropulse.io/owner';
/** Annotation on pod templates: changes when the content of configuration files or secrets does. */
export const CONFIG_ANNOTATION = 'platform.astropulse.io/config';
/** Annotation by which a person keeps an object from being pruned: `false`. */
export const PRUNE_ANNOTATION = 'platform.astropulse.io/prune';
/** Label on namespaces that the platform made. */
export const NAMESPACE_LABEL = 'platform.astropulse.io/namespace-of';
export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';
export const MANAGED_BY = 'astro-platform';
/** Prefix of labels and annotations that people may not set themselves. */
export const RESERVED_PREFIX = 'platform.astropulse.io/';

/** The application an object belongs to by its label, or undefined. */
export const ownerOf = ({ metadata }: KubernetesObject): string | undefined => metadata.labels?.[APPLICATION_LABEL];

/** Whether an object carries both marks of an application. */
export const isMarkedAsOf = ({ metadata }: KubernetesObject, applicationId: string): boolean =>
  metadata.labels?.[APPLICATION_LABEL] === applicationId && metadata.annotations?.[OWNER_ANNOTATION] === applicationId;

/** Tells two values apart without showing either: 12 hex digits, keyed so that short secrets cannot be guessed from it. */
export const fingerprint = (value: unknown, key: string): string =>
  createHmac('sha256', key).update(canonicalJson(value)).digest('hex').slice(0, 12);
