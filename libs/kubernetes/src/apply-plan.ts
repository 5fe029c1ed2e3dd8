import { pause, type Clock } from '#kernel';
import { isConflict, isNotFound, KubernetesApiError, type ClientCallOptions, type KubernetesClient } from './client.ts';
import { takeClientSideFields } from './adoption.ts';
import { inParallel } from './in-parallel.ts';
import type { Fence } from './inventory-fence.ts';
import { ownedFields } from './field-ownership.ts';
import { at, heldBy, keyOf, keyText, list, nameOf, type KubernetesObject, type ResourceType } from './objects.ts';
import {
  FIELD_MANAGER,
  HANDOVER_MANAGER,
  isMarkedAsOf,
  ownerOf,
  PRUNE_ANNOTATION,
  UNION_MANAGER,
} from './ownership.ts';
import { CONCURRENCY } from './plan-deployment.ts';
import type { InventoryEntry, Plan, PlannedObject } from './plan.types.ts';
import { migrateVersion } from './version-migration.ts';
import { byOrder, NEVER_PRUNED } from './waves.ts';

export interface WriteLimits {
  readonly clock: Clock;
  /** Returns the end of the claim on the monotonic clock. No write starts that might end later. */
  readonly claimDeadline?: () => number;
  readonly signal?: AbortSignal;
  /** Milliseconds that the deletion of an object may take; 10 s by default. */
  readonly deletionMs?: number;
  /** Waits before an object that is being deleted is read again. Rejects if the wait must end. */
  readonly wait?: (ms: number) => Promise<void>;
}

/** Milliseconds between the latest end of a write and the end of the claim. */
const MARGIN_MS = 1_000;
const WRITE_MS = 15_000;
/** Maximum time until a new definition is served; usually about 60 ms. */
const ESTABLISHED_WITHIN_MS = 30_000;
const POLL_MS = 50;
/** Interval after the first seconds of a wait. */
const POLL_LATER_MS = 500;
const OFTEN_MS = 2_000;

/** Thrown when the claim would end before a write has certainly ended. */
export class ClaimTooShortError extends Error {
  override readonly name = 'ClaimTooShortError';
}

/**
 * Writes the waves of a plan one after another, except for objects that are unchanged. The caller must hold the fence
 * before each wave.
 * @returns the written and unchanged objects with their UIDs
 */
export async function applyPlan(
  client: KubernetesClient,
  plan: Plan,
  _fence: Fence,
  limits: WriteLimits,
): Promise<{ readonly applied: readonly InventoryEntry[] }> {
  const applied: InventoryEntry[] = [];
  const planned = new Map(plan.inventory.map((entry) => [keyText(entry.key), entry]));
  for (const { objects } of plan.waves) {
    const written = await inParallel(objects, CONCURRENCY, (planned) => applyOne(client, planned, limits));
    applied.push(...written.map((entry) => ({ ...planned.get(keyText(entry.key)), ...entry })));
    const definitions = objects.filter(({ object }) => object.kind === 'CustomResourceDefinition');
    for (const definition of definitions) await established(client, definition, limits);
  }
  return { applied };
}

async function applyOne(
  client: KubernetesClient,
  planned: PlannedObject,
  limits: WriteLimits,
): Promise<InventoryEntry> {
  const { object, type, force, unchanged, uid, handOver, clear, adopts, migrates, replaces } = planned;
  const entry = { key: keyOf(object), apiVersion: object.apiVersion };
  if (unchanged) return { ...entry, ...(uid !== undefined && { uid }) };
  const where = {
    name: object.metadata.name,
    ...(object.metadata.namespace !== undefined && { namespace: object.metadata.namespace }),
  };
  if (replaces !== undefined) await deleteAndWait(client, planned, { ...limits, uid: replaces });
  if (migrates) await migrateVersion(client, type, object, call(limits));
  if (adopts) await takeClientSideFields(client, type, where, call(limits));
  if (clear)
    await client.patch(type, where, { kind: 'merge', body: clear }, { fieldManager: UNION_MANAGER, ...call(limits) });
  if (handOver !== undefined) {
    const { name, namespace } = object.metadata;
    const replicas: KubernetesObject = {
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: { name, ...(namespace !== undefined && { namespace }) },
      spec: { replicas: handOver },
    };
    await client.apply(type, replicas, { fieldManager: HANDOVER_MANAGER, force: true, ...call(limits) });
  }
  const written = await client.apply(type, object, { fieldManager: FIELD_MANAGER, force, ...call(limits) });
  if (written.object.metadata.deletionTimestamp !== undefined) {
    throw new KubernetesApiError({
      status: 409,
      reason: 'ObjectTerminating',
      message: `${nameOf(entry.key)} is being deleted`,
    });
  }
  await releaseUnion(client, type, written.object, limits);
  const seen = written.object.metadata.uid;
  return { ...entry, fields: ownedFields(written.object, FIELD_MANAGER), ...(seen !== undefined && { uid: seen }) };
}

/**
 * Deletes an object that is created again, and waits until it no longer exists. Does nothing if an attempt that was
 * interrupted has done so.
 * @throws KubernetesApiError if it is not deleted in time, or if others have created one of the same name
 */
async function deleteAndWait(
  client: KubernetesClient,
  { object, type }: PlannedObject,
  { uid, ...limits }: WriteLimits & { readonly uid: string },
): Promise<void> {
  const { name, namespace } = object.metadata;
  let live = await client.get(type, name, namespace, reading(limits));
  if (live?.metadata.uid === uid) {
    await deleteOnce(client, type, live, () => call(limits));
    live = await withoutUid(client, { type, name, ...(namespace !== undefined && { namespace }), uid }, limits);
    if (live?.metadata.uid === uid)
      throw new KubernetesApiError({
        status: 409,
        reason: 'ObjectTerminating',
        message: `${nameOf(keyOf(object))} is being deleted${heldBy(live)}`,
      });
  }
  if (live && !isMarkedAsOf(live, ownerOf(object) ?? ''))
    throw new KubernetesApiError({
      status: 409,
      reason: 'Conflict',
      message: `${nameOf(keyOf(object))} was created by others while it was replaced`,
    });
}

/**
 * Deletes an object unless it is being deleted, with its UID as precondition. Does nothing if it was replaced or deleted
 * in the meantime.
 * @param options of the call, determined when it is made
 */
export async function deleteOnce(
  client: KubernetesClient,
  type: ResourceType,
  { kind, metadata: { uid, name, namespace, deletionTimestamp } }: KubernetesObject,
  options: () => ClientCallOptions,
): Promise<void> {
  if (uid === undefined || deletionTimestamp !== undefined) return;
  const where = { name, ...(namespace !== undefined && { namespace }) };
  // The pods of a Job end before the next Job starts.
  const propagation = kind === 'Job' ? 'Foreground' : 'Background';
  try {
    await client.delete(type, where, { uid, propagation, ...options() });
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}

/** Maximum time until an object without a finalizer of others has been deleted. */
const GONE_WITHIN_MS = 10_000;

/**
 * Waits until an object of this UID no longer exists.
 * @returns the object that exists then, or after the maximum time
 */
async function withoutUid(
  client: KubernetesClient,
  { type, name, namespace, uid }: { type: ResourceType; name: string; namespace?: string; uid: string },
  limits: WriteLimits,
): Promise<KubernetesObject | undefined> {
  const { clock, signal, deletionMs = GONE_WITHIN_MS, wait = (ms) => pause(clock, ms, signal) } = limits;
  const startedAt = clock.monotonic();
  for (;;) {
    const live = await client.get(type, name, namespace, reading(limits));
    const waitedMs = clock.monotonic() - startedAt;
    if (live?.metadata.uid !== uid || waitedMs > deletionMs) return live;
    await wait(waitedMs < OFTEN_MS ? POLL_MS : POLL_LATER_MS);
  }
}

const reading = ({ signal }: WriteLimits) => (signal ? { signal } : {});

/**
 * Removes ownership from the patch that cleared a default. Otherwise its fields would remain when the manifest drops
 * them.
 */
async function releaseUnion(
  client: KubernetesClient,
  type: ResourceType,
  object: KubernetesObject,
  limits: WriteLimits,
): Promise<void> {
  const entries = list(object.metadata['managedFields']);
  const index = entries.findIndex((entry) => at(entry, 'manager') === UNION_MANAGER);
  if (index === -1) return;
  const { name, namespace } = object.metadata;
  const body = [
    { op: 'test', path: `/metadata/managedFields/${index}/manager`, value: UNION_MANAGER },
    { op: 'remove', path: `/metadata/managedFields/${index}` },
  ];
  await client.patch(
    type,
    { name, ...(namespace !== undefined && { namespace }) },
    { kind: 'json', body },
    { fieldManager: FIELD_MANAGER, ...call(limits) },
  );
}

function call({ clock, claimDeadline, signal }: WriteLimits): {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
} {
  const left = claimDeadline ? claimDeadline() - clock.monotonic() - MARGIN_MS : WRITE_MS;
  if (left <= 0) throw new ClaimTooShortError('the claim would expire before the write completes');
  return { deadlineMs: Math.min(WRITE_MS, left), ...(signal && { signal }) };
}

/** Waits until a CustomResourceDefinition is served. Until then, its objects would be refused. */
async function established(
  client: KubernetesClient,
  { object, type }: PlannedObject,
  limits: WriteLimits,
): Promise<void> {
  const { clock } = limits;
  const until = clock.monotonic() + ESTABLISHED_WITHIN_MS;
  for (;;) {
    const live = await client.get(
      type,
      object.metadata.name,
      undefined,
      limits.signal ? { signal: limits.signal } : {},
    );
    if (
      list(at(live, 'status', 'conditions')).some(
        (condition) => at(condition, 'type') === 'Established' && at(condition, 'status') === 'True',
      )
    )
      break;
    if (clock.monotonic() > until)
      throw new KubernetesApiError({
        status: 504,
        reason: 'Timeout',
        message: `CustomResourceDefinition ${object.metadata.name} was not established in time`,
      });
    await pause(clock, POLL_MS, limits.signal);
  }
  await client.discovery({ maxAgeMs: 0 });
}

export interface PruneOptions extends WriteLimits {
  readonly applicationId: string;
  /** The caller must have held it immediately before. */
  readonly fence?: Fence;
}

/**
 * Deletes objects of an earlier inventory, in reverse order. Deletes an object only if it has both marks of the
 * application, and with the UID that was read as precondition. Keeps all other objects. Finalizers are never removed.
 * @returns a sentence for each object that a finalizer holds
 */
export async function pruneObjects(
  client: KubernetesClient,
  entries: readonly InventoryEntry[],
  { applicationId, ...limits }: PruneOptions,
): Promise<readonly string[]> {
  const blocked: string[] = [];
  const discovery = await client.discovery();
  const last = entries.toSorted((a, b) =>
    byOrder({ kind: b.key.kind, metadata: { name: b.key.name } }, { kind: a.key.kind, metadata: { name: a.key.name } }),
  );
  for (const { key, apiVersion } of last) {
    if (NEVER_PRUNED.has(key.kind)) continue;
    const type = discovery.find(apiVersion, key.kind) ?? discovery.preferred(key.group, key.kind);
    const live = type && (await client.get(type, key.name, key.namespace));
    if (!live || !isMarkedAsOf(live, applicationId) || live.metadata.annotations?.[PRUNE_ANNOTATION] === 'false')
      continue;
    const { uid } = live.metadata;
    if (uid === undefined || live.metadata.deletionTimestamp !== undefined) continue;
    const where = { name: key.name, ...(key.namespace !== undefined && { namespace: key.namespace }) };
    try {
      const isHeld = (live.metadata.finalizers ?? []).length > 0;
      await client.delete(type, where, { uid, ...call(limits) });
      const left = isHeld && (await withoutUid(client, { type, ...where, uid }, limits));
      if (left && left.metadata.uid === uid) blocked.push(`${nameOf(key)} is being deleted${heldBy(left)}`);
    } catch (error) {
      // It was replaced or deleted in the meantime, so it is not ours.
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }
  return blocked;
}
