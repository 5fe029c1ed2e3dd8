import { err, ok, type Json, type JsonObject, type Result } from '#kernel';
import type { ResourceData } from '#kubernetes/schemas';
import type { ApiStatus, Propagation } from '../controller.ts';
import type { KubeObject, ObjectKey, Store } from '../store.ts';
import { failure, forbidden, notFound } from './status.ts';
import { ruleKind } from './names.ts';

export interface DeleteRequest {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: Propagation;
  readonly graceSeconds?: number;
  readonly dryRun: boolean;
}

/** Result of a deletion: the object was removed (`gone`), or it remains with a deletionTimestamp. */
export interface Deleted {
  readonly last: KubeObject;
  readonly gone: boolean;
}

const PROTECTED_NAMESPACES = new Set(['default', 'kube-system', 'kube-public']);
const DEFAULT_GRACE_SECONDS = 30;

/**
 * Deletes an object, or marks it for deletion while finalizers or a grace period hold it.
 * @param after returns the RFC 3339 time in the given number of milliseconds
 */
export function deleteFrom(
  store: Store,
  { resource, name, key }: { readonly resource: ResourceData; readonly name: string; readonly key: ObjectKey },
  request: DeleteRequest,
  after: (ms: number) => string,
): Result<Deleted, ApiStatus> {
  const live = store.get(key);
  if (!live) return err(notFound(resource, name));
  if (ruleKind(resource) === 'Namespace' && PROTECTED_NAMESPACES.has(name))
    return err(forbidden(resource, name, 'this namespace may not be deleted'));
  const refused = violated(resource, live, request);
  if (refused) return err(refused);

  const { metadata } = live;
  const finalizers = metadata.finalizers ?? [];
  const others = finalizers.filter((finalizer) => finalizer !== 'foregroundDeletion' && finalizer !== 'orphan');
  const own =
    request.propagation === undefined
      ? finalizers.filter((finalizer) => !others.includes(finalizer))
      : request.propagation === 'Foreground'
        ? ['foregroundDeletion']
        : request.propagation === 'Orphan'
          ? ['orphan']
          : [];
  const isDefinition = ruleKind(resource) === 'CustomResourceDefinition';
  // The objects of a definition are deleted first. As on a real server, the finalizer is added when the deletion
  // begins.
  const cleanup =
    isDefinition && metadata.deletionTimestamp === undefined && !others.includes(CLEANUP) ? [CLEANUP] : [];
  const held = [...others, ...cleanup, ...own];
  const grace = ruleKind(resource) === 'Pod' ? graceOf(live, request) : 0;
  const isNamespace = ruleKind(resource) === 'Namespace';
  if (held.length === 0 && grace === 0 && !isNamespace)
    return ok({ last: request.dryRun ? live : (store.remove(key) ?? live), gone: true });

  const wasMarked = metadata.deletionTimestamp !== undefined;
  const isShorter = wasMarked && grace < (metadata.deletionGracePeriodSeconds ?? 0);
  const isSame = wasMarked && !isShorter && held.length === finalizers.length;
  if (isSame || (wasMarked && isNamespace)) return ok({ last: live, gone: false });
  const marked: KubeObject = {
    ...live,
    metadata: {
      ...metadata,
      ...(metadata.generation !== undefined && !wasMarked && !isDefinition && { generation: metadata.generation + 1 }),
      deletionTimestamp: wasMarked && !isShorter ? (metadata.deletionTimestamp ?? after(0)) : after(grace * 1_000),
      ...(!isNamespace && !isDefinition && { deletionGracePeriodSeconds: grace }),
      ...(held.length > 0 && { finalizers: held }),
    },
    ...(isNamespace && { status: { ...live.status, phase: 'Terminating' } }),
    ...(isDefinition && !wasMarked && { status: withTerminating(live, after(0)) }),
  };
  return ok({ last: request.dryRun ? marked : store.put(key, marked), gone: false });
}

/** Finalizer of a CustomResourceDefinition whose objects are being deleted. */
export const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

function withTerminating({ status }: KubeObject, now: string): JsonObject {
  const conditions = Array.isArray(status?.['conditions']) ? (status['conditions'] as readonly Json[]) : [];
  const pending = {
    type: 'Terminating',
    status: 'True',
    lastTransitionTime: now,
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  };
  return { ...status, conditions: [...conditions, pending] };
}

/** Returns the grace period of a pod in seconds; 0 if it was never scheduled or has ended. */
function graceOf(pod: KubeObject, { graceSeconds }: DeleteRequest): number {
  const phase: Json | undefined = pod.status?.['phase'];
  if (typeof pod.spec?.['nodeName'] !== 'string' || phase === 'Succeeded' || phase === 'Failed') return 0;
  const own = pod.spec['terminationGracePeriodSeconds'];
  return Math.max(0, graceSeconds ?? (typeof own === 'number' ? own : DEFAULT_GRACE_SECONDS));
}

function violated(
  resource: ResourceData,
  { metadata }: KubeObject,
  { uid, resourceVersion }: DeleteRequest,
): ApiStatus | undefined {
  const conflict = (text: string) =>
    failure(
      409,
      'Conflict',
      `Operation cannot be fulfilled on ${resource.kind}${resource.group === '' ? '' : `.${resource.group}`} "${metadata.name}": ${text}`,
      {
        name: metadata.name,
        ...(resource.group !== '' && { group: resource.group }),
        kind: resource.kind,
      },
    );
  if (uid !== undefined && uid !== metadata.uid)
    return conflict(
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
    return conflict(
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
  return undefined;
}
