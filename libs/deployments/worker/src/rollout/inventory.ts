import type { InventoryEntry as Recorded } from '#deployments/contract';
import type { InventoryEntry, ObjectKey } from '#kubernetes';

/** Converts an entry from the contract's format to the library's. */
export const toLibrary = ({ group, version, kind, namespace, name, uid, hook }: Recorded): InventoryEntry => ({
  key: { group, kind, name, ...(namespace === '' ? {} : { namespace }) },
  apiVersion: group === '' ? version : `${group}/${version}`,
  ...(uid === null ? {} : { uid }),
  ...(hook && { hook }),
});

/** Converts an entry back. A missing namespace or group becomes ''. */
export const toContract = ({ key, apiVersion, uid, hook }: InventoryEntry): Recorded => ({
  group: key.group,
  version: apiVersion.slice(apiVersion.indexOf('/') + 1),
  kind: key.kind,
  namespace: key.namespace ?? '',
  name: key.name,
  uid: uid ?? null,
  ...(hook && { hook }),
});

/** Returns a string that identifies an object. */
export const identity = ({ group, kind, namespace, name }: ObjectKey): string =>
  `${group}/${kind}/${namespace ?? ''}/${name}`;

/**
 * Merges two inventories. Entries of `later` take precedence; UIDs and fields that only `earlier` contains are kept,
 * and so are its other entries, in order.
 */
export function united(
  earlier: readonly InventoryEntry[],
  later: readonly InventoryEntry[],
): readonly InventoryEntry[] {
  const entries = new Map(earlier.map((entry) => [identity(entry.key), entry]));
  for (const entry of later) {
    const { uid, fields, job } = entries.get(identity(entry.key)) ?? {};
    entries.set(identity(entry.key), {
      ...(uid !== undefined && { uid }),
      ...(fields !== undefined && { fields }),
      ...(job !== undefined && { job }),
      ...entry,
    });
  }
  return [...entries.values()];
}

/** Returns `Deployment/web`, with the namespace if it is not the target namespace. */
export const shortName = ({ kind, namespace, name }: ObjectKey, targetNamespace: string): string =>
  namespace === undefined || namespace === targetNamespace ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
