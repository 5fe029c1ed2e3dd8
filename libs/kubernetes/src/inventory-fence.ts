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

/** A newer attempt holds the fence, or somebody took the inventory object away: this worker must not write any more. */
export class FenceLostError extends Error {
  override readonly name = 'FenceLostError';
}

export interface FenceOptions {
  readonly applicationId: string;
  readonly applicationName?: string;
  readonly namespace: string;
  /** Grows with each attempt of the application. */
  readonly attempt: number;
  readonly ids: Ids;
}

/** The inventory object on the cluster, as lock: whoever wrote it last may write. */
export interface Fence {
  /**
   * Writes the inventory with this attempt's number; only when nobody has written since.
   * @param pending objects that this attempt has not yet brought to what it wants; none when left out
   * @throws FenceLostError when somebody has
   */
  hold(entries: readonly InventoryEntry[], pending?: readonly ObjectKey[]): Promise<void>;
  /** Removes the inventory object, with the last that was written as precondition. */
  release(): Promise<void>;
}

/** Name of an application's inventory object. */
export const inventoryName = (applicationId: string): string => `astro-inventory-${applicationId}`;

/**
 * Opens the fence of an application in its target namespace.
 * @throws FenceLostError when a newer attempt has held it
 */
export async function openFence(
  client: KubernetesClient,
  { applicationId, applicationName, namespace, attempt, ids }: FenceOptions,
): Promise<Fence> {
  const name = inventoryName(applicationId);
  let live = await client.get(CONFIG_MAP, name, namespace);
  const holder = Number(at(live, 'data', 'attempt') ?? 0);
  if (holder > attempt) throw new FenceLostError(`attempt ${holder} of this application is newer than ${attempt}`);
  const nonce = ids.uuid(); // tells our own writes from those of another worker that was given the same attempt

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
          entries.map(({ key, apiVersion, uid }) => ({ ...key, apiVersion, ...(uid !== undefined && { uid }) })),
        ),
        applied: packed(entries),
        pending: JSON.stringify(pending.map(keyText)),
        jobs: JSON.stringify(
          Object.fromEntries(entries.flatMap(({ key, job }) => (job?.done ? [[keyText(key), job.fingerprint]] : []))),
        ),
      },
    };
    const written = live
      ? await client.update(CONFIG_MAP, object, { fieldManager: FIELD_MANAGER })
      : await client.create(CONFIG_MAP, object, { fieldManager: FIELD_MANAGER });
    live = written.object;
  }

  /**
   * After a conflict, or an answer that got lost: our own nonce in the object means that nobody else has held the fence since
   * (our write came through, or a person added a label), so it may be written again from what is there.
   */
  async function isStillOurs(): Promise<boolean> {
    const now = await client.get(CONFIG_MAP, name, namespace);
    const isOurs =
      now !== undefined &&
      at(now, 'data', 'holder') === nonce &&
      (live === undefined || live.metadata.uid === now.metadata.uid);
    if (isOurs) live = now;
    return isOurs;
  }

  return {
    async hold(entries, pending = []) {
      try {
        await write(entries, pending);
      } catch (error) {
        if (isNotFound(error)) throw lost(error);
        const isUnclear = error instanceof KubernetesUnreachableError && error.uncertain;
        if (!isConflict(error) && !isUnclear) throw error;
        if (!(await isStillOurs())) {
          if (isConflict(error)) throw lost(error);
          throw error; // the write did not come through: as if it had not been tried
        }
        await write(entries, pending).catch((second: unknown) => {
          throw isConflict(second) || isNotFound(second) ? lost(second) : second;
        });
      }
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

/** Which fields of which object were in our last applied set: names only, small when packed. */
const packed = (entries: readonly InventoryEntry[]): string =>
  gzipSync(
    JSON.stringify(
      Object.fromEntries(entries.flatMap(({ key, fields }) => (fields === undefined ? [] : [[keyText(key), fields]]))),
    ),
  ).toString('base64');

/** The inventory of an application as the last attempt left it; undefined where there is none. */
export async function liveInventory(
  client: KubernetesClient,
  applicationId: string,
  namespace: string,
): Promise<Inventory | undefined> {
  const live = await client.get(CONFIG_MAP, inventoryName(applicationId), namespace);
  return live && readInventory(live);
}

/** What an inventory object says. A person may have edited it: what cannot be read counts as absent. */
export interface Inventory {
  /** The attempt that wrote it last. */
  readonly attempt: number | undefined;
  readonly entries: readonly ObjectKey[];
  /** Fields that the last apply of each object owned, by `keyText`. */
  readonly applied: ReadonlyMap<string, OwnedFields>;
  /** Objects that the attempt has not brought to what it wants, by `keyText`. */
  readonly pending: ReadonlySet<string>;
  /** Jobs that were seen to complete, by `keyText`, with the fingerprint of what they ran. */
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

/** A person may have edited the object: anything that is not a set of ours counts as none. */
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
