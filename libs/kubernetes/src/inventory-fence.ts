import { gunzipSync, gzipSync } from 'node:zlib';
import type { Ids } from '#kernel';
import { isConflict, isNotFound, KubernetesUnreachableError, type KubernetesClient } from './client.ts';
import type { OwnedFields } from './field-ownership.ts';
import {
  at,
  isRecord,
  keyText,
  list,
  record,
  text,
  type JsonRecord,
  type KubernetesObject,
  type ObjectKey,
  type ResourceType,
} from './objects.ts';
import { APPLICATION_LABEL, FIELD_MANAGER, MANAGED_BY, MANAGED_BY_LABEL, OWNER_ANNOTATION } from './ownership.ts';
import type { InventoryEntry } from './plan.types.ts';

const CONFIG_MAP: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  resource: 'configmaps',
  namespaced: true,
  verbs: [],
};

/**
 * Thrown when a newer attempt holds the fence, or the inventory object was deleted. The worker must not write anymore.
 */
export class FenceLostError extends Error {
  override readonly name = 'FenceLostError';
}

export interface FenceOptions {
  readonly applicationId: string;
  readonly applicationName?: string;
  readonly namespace: string;
  /** Number that increases with each attempt of the application. */
  readonly attempt: number;
  readonly ids: Ids;
}

/** The inventory object on the cluster, used as a lock: only its last writer may write. */
export interface Fence {
  /**
   * Writes the inventory with this attempt's number, unless it was written by another process since.
   * @param pending objects that this attempt has not applied or deleted yet; none by default
   * @throws FenceLostError if another process has written it
   */
  hold(entries: readonly InventoryEntry[], pending?: readonly ObjectKey[]): Promise<void>;
  /** Returns whether a hook was observed to complete. @param run deployment that it belongs to */
  hasCompleted(run: string, hook: string): boolean;
  /** Remembers a hook as completed. The next `hold` records it, for other workers that continue the deployment. */
  complete(run: string, hook: string): void;
  /** Deletes the inventory object, with the last written version as precondition. */
  release(): Promise<void>;
}

/** Returns the name of an application's inventory object. */
export const inventoryName = (applicationId: string): string => `astro-inventory-${applicationId}`;

/**
 * Opens the fence of an application in its target namespace.
 * @throws FenceLostError if a newer attempt has held it
 */
export async function openFence(
  client: KubernetesClient,
  { applicationId, applicationName, namespace, attempt, ids }: FenceOptions,
): Promise<Fence> {
  const name = inventoryName(applicationId);
  let live = await client.get(CONFIG_MAP, name, namespace);
  const holder = Number(at(live, 'data', 'attempt') ?? 0);
  if (holder > attempt) throw new FenceLostError(`attempt ${holder} of this application is newer than ${attempt}`);
  let hooks = completedHooks(live);
  const nonce = ids.uuid(); // distinguishes our own writes from those of another worker with the same attempt

  const lost = (cause: unknown) =>
    new FenceLostError('the inventory object on the cluster was written by another process', { cause });

  async function write(entries: readonly InventoryEntry[], pending: readonly ObjectKey[]): Promise<void> {
    const object: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name,
        namespace,
        labels: { [APPLICATION_LABEL]: applicationId, [MANAGED_BY_LABEL]: MANAGED_BY },
        annotations: { [OWNER_ANNOTATION]: applicationId },
        ...(live?.metadata.uid !== undefined && { uid: live.metadata.uid }),
        ...(live?.metadata.resourceVersion !== undefined && { resourceVersion: live.metadata.resourceVersion }),
      },
      data: {
        attempt: String(attempt),
        holder: nonce,
        application: applicationName ?? '',
        inventory: JSON.stringify(
          entries
            .filter(({ hook }) => !hook)
            .map(({ key, apiVersion, uid }) => ({ ...key, apiVersion, ...(uid !== undefined && { uid }) })),
        ),
        applied: packed(entries),
        pending: JSON.stringify(pending.map(keyText)),
        jobs: JSON.stringify(
          Object.fromEntries(entries.flatMap(({ key, job }) => (job?.done ? [[keyText(key), job.fingerprint]] : []))),
        ),
        hooks: JSON.stringify(hooks),
      },
    };
    const written = live
      ? await client.update(CONFIG_MAP, object, { fieldManager: FIELD_MANAGER })
      : await client.create(CONFIG_MAP, object, { fieldManager: FIELD_MANAGER });
    live = written.object;
  }

  /**
   * Checks, after a conflict or a lost response, whether the object has our own nonce. If so, no other process has held
   * the fence since (our write succeeded, or a user added a label), and it may be written again from its current
   * version.
   */
  async function isStillHeld(): Promise<boolean> {
    const now = await client.get(CONFIG_MAP, name, namespace);
    const isHeld =
      now !== undefined &&
      at(now, 'data', 'holder') === nonce &&
      (live === undefined || live.metadata.uid === now.metadata.uid);
    if (isHeld) live = now;
    return isHeld;
  }

  return {
    async hold(entries, pending = []) {
      try {
        await write(entries, pending);
      } catch (error) {
        if (isNotFound(error)) throw lost(error);
        const isUnclear = error instanceof KubernetesUnreachableError && error.uncertain;
        if (!isConflict(error) && !isUnclear) throw error;
        if (!(await isStillHeld())) {
          if (isConflict(error)) throw lost(error);
          throw error; // the write was not performed
        }
        await write(entries, pending).catch((second: unknown) => {
          throw isConflict(second) || isNotFound(second) ? lost(second) : second;
        });
      }
    },
    hasCompleted: (run, hook) => hooks.run === run && hooks.completed.includes(hook),
    complete(run, hook) {
      hooks = { run, completed: [...(hooks.run === run ? hooks.completed : []), hook] };
    },
    async release() {
      const { uid, resourceVersion } = live?.metadata ?? {};
      if (uid === undefined) return;
      try {
        await client.delete(
          CONFIG_MAP,
          { name, namespace },
          { uid, ...(resourceVersion !== undefined && { resourceVersion }) },
        );
      } catch (error) {
        if (isConflict(error)) throw lost(error);
        throw error;
      }
    },
  };
}

/** Reads which hooks of the last deployment have completed. */
function completedHooks(live: KubernetesObject | undefined): {
  readonly run: string;
  readonly completed: readonly unknown[];
} {
  const stored = parsed(at(live, 'data', 'hooks'));
  return { run: text(at(stored, 'run')) ?? '', completed: list(at(stored, 'completed')) };
}

/** Serializes the fields that our last apply of each object owned. They contain names only and compress well. */
const packed = (entries: readonly InventoryEntry[]): string =>
  gzipSync(
    JSON.stringify(
      Object.fromEntries(entries.flatMap(({ key, fields }) => (fields === undefined ? [] : [[keyText(key), fields]]))),
    ),
  ).toString('base64');

/** Reads the inventory that the last attempt wrote; undefined if there is none. */
export async function liveInventory(
  client: KubernetesClient,
  applicationId: string,
  namespace: string,
): Promise<Inventory | undefined> {
  const live = await client.get(CONFIG_MAP, inventoryName(applicationId), namespace);
  return live && readInventory(live);
}

/** Content of an inventory object. Users may have edited it, so invalid parts are treated as missing. */
export interface Inventory {
  /** Attempt that wrote it last. */
  readonly attempt: number | undefined;
  readonly entries: readonly ObjectKey[];
  /** Fields that the last apply of each object owned, by `keyText`. */
  readonly applied: ReadonlyMap<string, OwnedFields>;
  /** Objects that the attempt has not applied or deleted yet, by `keyText`. */
  readonly pending: ReadonlySet<string>;
  /** Jobs that were observed to complete, by `keyText`, with the fingerprint of their template. */
  readonly jobs: ReadonlyMap<string, string>;
}

export function readInventory(object: KubernetesObject): Inventory {
  const attempt = Number(at(object, 'data', 'attempt'));
  const entries = parsedList(at(object, 'data', 'inventory')).flatMap((entry): ObjectKey[] => {
    if (!isRecord(entry)) return [];
    const { group, kind, namespace, name } = entry;
    if (typeof group !== 'string' || typeof kind !== 'string' || typeof name !== 'string') return [];
    return [{ group, kind, name, ...(typeof namespace === 'string' && { namespace }) }];
  });
  return {
    attempt: Number.isInteger(attempt) ? attempt : undefined,
    entries,
    applied: appliedFields(object),
    pending: new Set(parsedList(at(object, 'data', 'pending')).filter((key) => typeof key === 'string')),
    jobs: new Map(
      Object.entries(record(parsed(at(object, 'data', 'jobs')))).flatMap(([key, fingerprint]) =>
        typeof fingerprint === 'string' ? [[key, fingerprint] as const] : [],
      ),
    ),
  };
}

const parsedList = (json: unknown): readonly unknown[] => list(parsed(json));

function parsed(json: unknown): unknown {
  try {
    return JSON.parse(text(json) ?? 'null');
  } catch {
    return undefined;
  }
}

function appliedFields(object: KubernetesObject): ReadonlyMap<string, OwnedFields> {
  const applied = text(at(object, 'data', 'applied'));
  if (applied === undefined) return new Map();
  return new Map(Object.entries(unpacked(applied)).map(([key, fields]) => [key, record(fields)]));
}

/** Deserializes the fields. Users may have edited the object, so invalid content counts as none. */
function unpacked(applied: string): JsonRecord {
  try {
    const value: unknown = JSON.parse(
      gunzipSync(Buffer.from(applied, 'base64'), { maxOutputLength: 64 * 1024 * 1024 }).toString('utf8'),
    );
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
