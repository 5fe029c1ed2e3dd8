import { createHmac } from 'node:crypto';
import { canonicalJson } from '#kernel';
import type { KubernetesObject } from './objects.ts';

/** Field manager of every server-side apply of the platform. */
export const FIELD_MANAGER = 'astro-platform';
/** Field manager that owns the live number of replicas while an autoscaler takes over. */
export const HANDOVER_MANAGER = 'astro-platform-replicas';
/** Field manager that removes fields defaulted by the server. It owns nothing afterwards. */
export const UNION_MANAGER = 'astro-platform-union';
/** Label of every object of an application and of its pods. Its value is the application's ID. */
export const APPLICATION_LABEL = 'platform.astropulse.io/application';
/** Annotation with the attempt that last changed the object. */
export const ATTEMPT_ANNOTATION = 'platform.astropulse.io/attempt';
/**
 * Annotation with the application's ID. Only objects with both marks are pruned, since operators copy labels to objects
 * that they create.
 */
export const OWNER_ANNOTATION = 'platform.astropulse.io/owner';
/** Annotation of a hook with its phase. Together with the attempt, it tells whether the hook runs or has run already. */
export const HOOK_ANNOTATION = 'platform.astropulse.io/hook';
/** Annotation of pod templates that changes with the content of configuration files or secrets. */
export const CONFIG_ANNOTATION = 'platform.astropulse.io/config';
/** Annotation with which users exclude an object from pruning: `false`. */
export const PRUNE_ANNOTATION = 'platform.astropulse.io/prune';
/**
 * Annotation with which users choose how an object's health is determined: `ignore`, or `condition:TYPE` for the
 * condition that is True if it is healthy.
 */
export const HEALTH_ANNOTATION = 'platform.astropulse.io/health';
/** Annotation with which users allow that an object is deleted and created again if a change is impossible: `allow`. */
export const REPLACE_ANNOTATION = 'platform.astropulse.io/replace';
/** Label of namespaces that the platform created. */
export const NAMESPACE_LABEL = 'platform.astropulse.io/namespace-of';
export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';
export const MANAGED_BY = 'astro-platform';
/** Prefix of labels and annotations that users may not set. */
export const RESERVED_PREFIX = 'platform.astropulse.io/';
/** Annotations with that prefix that users may set. */
export const USER_ANNOTATIONS: ReadonlySet<string> = new Set([PRUNE_ANNOTATION, REPLACE_ANNOTATION, HEALTH_ANNOTATION]);

/** Returns the application in an object's label; undefined if it has none. */
export const ownerOf = ({ metadata }: KubernetesObject): string | undefined => metadata.labels?.[APPLICATION_LABEL];

/** Returns whether an object has both marks of an application. */
export const isMarkedAsOf = ({ metadata }: KubernetesObject, applicationId: string): boolean =>
  metadata.labels?.[APPLICATION_LABEL] === applicationId && metadata.annotations?.[OWNER_ANNOTATION] === applicationId;

/**
 * Returns a fingerprint that allows to compare values without showing them: 12 hex digits, keyed so that short secrets
 * cannot be guessed.
 */
export const fingerprint = (value: unknown, key: string): string =>
  createHmac('sha256', key).update(canonicalJson(value)).digest('hex').slice(0, 12);
