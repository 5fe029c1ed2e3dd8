import type { KeptObject } from '#deployments/contract';
import { pause } from '#kernel';
import {
  APPLICATION_LABEL,
  ATTEMPT_ANNOTATION,
  FIELD_MANAGER,
  isMarkedAsOf,
  isNotFound,
  MANAGED_BY_LABEL,
  nameOf,
  openFence,
  OWNER_ANNOTATION,
  type Fence,
  type InventoryEntry,
  type KubernetesClient,
  type KubernetesObject,
} from '#kubernetes';
import { NAMESPACE } from '../cluster/kinds.ts';
import { isUnknownType, liveObject, typeOf } from '../cluster/workloads.worker.ts';
import type { Outcome } from './claim.worker.ts';
import { AttemptFailedError, SupersededError } from './cluster-calls.worker.ts';
import { deletionHooks } from './delete-hooks.worker.ts';
import {
  definedType,
  deletionOrder,
  deletionBlockerOf,
  isRelevantKind,
  isForeign,
  keptMessage,
  namespaceBlockersOf,
} from './deletion.ts';
import { shortName, toContract, toLibrary } from './inventory.ts';
import { listed } from './large-inventory.worker.ts';
import { mayRemove } from './namespace.worker.ts';
import type { Progress } from './progress.ts';
import { fenceOf, type Run } from './run.worker.ts';

/** Interval for checking whether objects are deleted. */
const LOOK_MS = 500;
const LOOK_LATER_MS = 2_000;
/** Kinds that count as deleted only when the objects they own are deleted too. */
const WITH_DEPENDENTS = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
]);

/**
 * Deletes an application: its objects in reverse order, then the fence, then the namespace if the platform created it
 * and nobody else uses it. Hooks of the deletion run before and after the objects are deleted; they and the hooks of
 * deployments are deleted last, since the hooks may need each other. Finalizers are never removed, but reported.
 */
export async function remove(run: Run): Promise<Outcome> {
  const { task } = run;
  const progress: Progress = { inventory: task.inventory.map(toLibrary), applied: [], wrote: true };
  const orphans = new Set<string>();
  const kept: KeptObject[] = [];
  try {
    const namespace = await run.call((client) => client.get(NAMESPACE, task.targetNamespace));
    const fence = namespace && (await run.call((client) => openFence(client, fenceOf(run))));
    const isTerminating = namespace?.metadata.deletionTimestamp !== undefined;
    const hooks = fence && !isTerminating ? await deletionHooks(run, fence, progress) : undefined;
    const deletion = { fence, progress, orphans, kept };
    if (hooks) {
      await hooks.run('pre-delete');
      await removeObjects(
        run,
        progress.inventory.filter(({ hook }) => !hook),
        deletion,
      );
      await hooks.run('post-delete');
    }
    await removeObjects(run, progress.inventory, deletion);
    await run.beginWave();
    await removeNamespace(run, fence);
    const deleted = `${task.inventory.length - kept.length} objects deleted`;
    const sentences = kept.map(({ object, contains }) => `${object} is kept because it contains ${contains}`);
    return {
      outcome: 'succeeded',
      message: task.orphan ? keptMessage([...orphans]) : [deleted, ...sentences].join('; '),
      inventory: [],
      endpoint: null,
      replicas: null,
      ...(kept.length > 0 && { kept: kept.slice(0, 20) }),
    };
  } catch (error) {
    if (error instanceof SupersededError) return { outcome: 'superseded' };
    if (!(error instanceof AttemptFailedError)) throw error;
    const { entries: inventory, ...record } = await listed(run, progress.inventory.map(toContract));
    return { outcome: 'failed', ...error.failure, applied: true, inventory, ...record, serving: null };
  }
}

interface Deletion {
  readonly fence: Fence | undefined;
  /** Its inventory has the objects that are left. */
  readonly progress: Progress;
  /** Receives the names of objects that are kept because of `--orphan`. */
  readonly orphans: Set<string>;
  /** Receives the objects that are kept because they contain objects of others. */
  readonly kept: KeptObject[];
}

/** Deletes or, with `orphan`, releases objects, group by group. Waits until each group is deleted. */
async function removeObjects(
  run: Run,
  entries: readonly InventoryEntry[],
  { fence, progress, orphans, kept }: Deletion,
): Promise<void> {
  for (const whole of deletionOrder(entries)) {
    await run.beginWave();
    await fence?.hold(progress.inventory);
    if (run.task.orphan) await run.call((client) => each(whole, (entry) => orphan(run, client, entry, orphans)));
    else {
      const group = await withoutShared(run, whole, kept);
      await run.call((client) => each(group, (entry) => deleteOne(run, client, entry)));
      await waitUntilDeleted(run, async (client) =>
        (await each(group, (entry) => ownedObject(run, client, entry))).flatMap((object) =>
          object ? [deletionBlockerOf(object)] : [],
        ),
      );
    }
    progress.inventory = progress.inventory.filter((entry) => !whole.includes(entry));
    // A kind whose definition was deleted is no longer served.
    if (whole.some(({ key }) => key.kind === DEFINITION)) await run.call((client) => client.discovery({ maxAgeMs: 0 }));
  }
}

const DEFINITION = 'CustomResourceDefinition';

/**
 * Returns the entries that may be deleted. A definition or a namespace that contains objects of others would delete
 * those too, so it is kept, without the platform's labels.
 * @param kept receives each object that is kept
 */
async function withoutShared(
  run: Run,
  group: readonly InventoryEntry[],
  kept: KeptObject[],
): Promise<readonly InventoryEntry[]> {
  const goes: InventoryEntry[] = [];
  for (const entry of group) {
    const holds = await run.call((client) => holdsOfOthers(run, client, entry));
    if (holds === undefined) {
      goes.push(entry);
      continue;
    }
    kept.push({ object: `${entry.key.kind} ${entry.key.name}`, contains: holds });
    await run.call((client) => disown(run, client, entry));
  }
  return goes;
}

async function holdsOfOthers(run: Run, client: KubernetesClient, entry: InventoryEntry): Promise<string | undefined> {
  const { kind, name } = entry.key;
  if (kind !== DEFINITION && (kind !== 'Namespace' || entry.key.group !== '')) return undefined;
  const object = await ownedObject(run, client, entry);
  if (!object) return undefined;
  if (kind === 'Namespace') return foreignObject(run, client, name);
  const type = definedType(object);
  if (!type) return undefined;
  try {
    const { items } = await client.list(type);
    const others = items.filter((item) => isForeign(item, type.kind, APPLICATION_LABEL, run.task.applicationId));
    const [first] = others;
    if (!first) return undefined;
    const { name: of, namespace } = first.metadata;
    const key = { group: type.group, kind: type.kind, name: of, ...(namespace !== undefined && { namespace }) };
    return others.length === 1 ? nameOf(key) : `${nameOf(key)} and ${others.length - 1} more`;
  } catch (error) {
    if (isNotFound(error) || isUnknownType(error)) return undefined; // a kind that is not served has no objects
    throw error;
  }
}

async function deleteOne(run: Run, client: KubernetesClient, entry: InventoryEntry): Promise<void> {
  const object = await ownedObject(run, client, entry);
  if (!object || object.metadata.deletionTimestamp !== undefined) return;
  const type = await typeOf(client, toContract(entry));
  const { uid, name, namespace } = object.metadata;
  if (!type || uid === undefined) return;
  run.throwIfClaimEnds();
  await client.delete(
    type,
    { name, ...(namespace !== undefined && { namespace }) },
    { uid, propagation: WITH_DEPENDENTS.has(object.kind) ? 'Foreground' : 'Background', deadlineMs: run.writeMs() },
  );
}

/** Returns the object if it still exists and belongs to this application, not another one of the same name. */
async function ownedObject(
  run: Run,
  client: KubernetesClient,
  entry: InventoryEntry,
): Promise<KubernetesObject | undefined> {
  const object = await liveObject(client, toContract(entry));
  return object && isMarkedAsOf(object, run.task.applicationId) ? { ...object, kind: entry.key.kind } : undefined;
}

/** Releases an object and records that it is kept. Planned objects that were never applied do not exist. */
async function orphan(run: Run, client: KubernetesClient, entry: InventoryEntry, kept: Set<string>): Promise<void> {
  await disown(run, client, entry);
  if (await liveObject(client, toContract(entry))) kept.add(shortName(entry.key, run.task.targetNamespace));
}

/** Removes the platform's labels, so that the object is kept and another application may use it. */
async function disown(run: Run, client: KubernetesClient, entry: InventoryEntry): Promise<void> {
  const object = await ownedObject(run, client, entry);
  const type = object && (await typeOf(client, toContract(entry)));
  if (!type) return;
  const { uid, name, namespace } = object.metadata;
  run.throwIfClaimEnds();
  const marks = {
    uid,
    labels: { [APPLICATION_LABEL]: null, [MANAGED_BY_LABEL]: null },
    annotations: { [OWNER_ANNOTATION]: null, [ATTEMPT_ANNOTATION]: null },
  };
  await client.patch(
    type,
    { name, ...(namespace !== undefined && { namespace }) },
    { kind: 'merge', body: { metadata: marks } },
    { fieldManager: FIELD_MANAGER, deadlineMs: run.writeMs() },
  );
}

async function removeNamespace(run: Run, fence: Fence | undefined): Promise<void> {
  const { task } = run;
  const mayRemoveNamespace = await run.call((client) => mayRemove(client, run));
  const inTheWay =
    mayRemoveNamespace && !task.orphan
      ? await run.call((client) => foreignObject(run, client, task.targetNamespace))
      : undefined;
  if (!mayRemoveNamespace || task.orphan || inTheWay !== undefined) {
    if (inTheWay !== undefined)
      await run.claim.report({
        step: 'progressing',
        message: `namespace ${task.targetNamespace} is kept because it contains ${inTheWay}`,
      });
    if (fence) await run.call(() => fence.release());
    return;
  }
  run.throwIfClaimEnds();
  await run.call((client) =>
    client.delete(NAMESPACE, { name: task.targetNamespace }, { ...mayRemoveNamespace, deadlineMs: run.writeMs() }),
  );
  await waitUntilDeleted(run, async (client) => {
    const namespace = await client.get(NAMESPACE, task.targetNamespace);
    return namespace?.metadata.uid === mayRemoveNamespace.uid ? [namespaceBlockersOf(namespace)] : [];
  });
}

/** Returns the name of an object in a namespace that does not belong to this application. */
async function foreignObject(run: Run, client: KubernetesClient, namespace: string): Promise<string | undefined> {
  const { types } = await client.discovery();
  const seen = new Set<string>();
  for (const type of types) {
    if (!isRelevantKind(type) || seen.has(`${type.group}/${type.kind}`)) continue;
    seen.add(`${type.group}/${type.kind}`);
    try {
      const { items } = await client.list(type, { namespace });
      const found = items.find((item) => isForeign(item, type.kind, APPLICATION_LABEL, run.task.applicationId));
      if (found) return nameOf({ group: type.group, kind: type.kind, name: found.metadata.name });
    } catch (error) {
      // a kind that was deleted in the meantime has no objects
      if (!isNotFound(error) && !isUnknownType(error)) throw error;
    }
  }
  return undefined;
}

/** Waits until `still` returns nothing. Reports what is left, once for each new text. */
async function waitUntilDeleted(
  run: Run,
  still: (client: KubernetesClient) => Promise<readonly string[]>,
): Promise<void> {
  const { clock, times } = run.ports;
  const until = clock.monotonic() + times.deletionMs;
  let reported = '';
  for (let looks = 0; ; looks++) {
    const present = await run.call(still);
    if (present.length === 0) return;
    const message = `${present.slice(0, 5).join('; ')}${present.length > 5 ? `; and ${present.length - 5} more` : ''}`;
    if (clock.monotonic() >= until) {
      throw new AttemptFailedError({
        code: 'deployments/deletion-blocked',
        message,
        fix: 'remove the cause; the deletion is retried automatically',
      });
    }
    // Most objects are deleted within a second, which needs no report.
    if (looks >= 2 && message !== reported) await run.claim.report({ step: 'progressing', message });
    if (looks >= 2) reported = message;
    await run.idly(() => pause(clock, looks < 10 ? LOOK_MS : LOOK_LATER_MS, run.stopping));
    run.throwIfStopping();
  }
}

const each = <T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> => Promise.all(items.map(work));
