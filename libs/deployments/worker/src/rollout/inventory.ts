import type { InventoryEntry as Recorded } from '#deployments/contract';
import type { InventoryEntry, ObjectKey } from '#kubernetes';

/** From the contract's flat form to the library's. */
export const toLibrary = ({ group, version, kind, namespace, name, uid }: Recorded): InventoryEntry => ({
  key: { group, kind, name, ...(namespace === '' ? {} : { namespace }) },
  apiVersion: group === '' ? version : `${group}/${version}`,
  ...(uid === null ? {} : { uid }),
});

/** And back: a missing namespace or group is ''. */
export const toContract = ({ key, apiVersion, uid }: InventoryEntry): Recorded => ({
  group: key.group,
  version: apiVersion.slice(apiVersion.indexOf('/') + 1),
  kind: key.kind,
  namespace: key.namespace ?? '',
  name: key.name,
  uid: uid ?? null,
});

export const identity = ({ group, kind, namespace, name }: ObjectKey): string =>
  `${group}/${kind}/${namespace ?? ''}/${name}`;

/** Entries of `later` win; what only `earlier` has stays, in its order. UIDs and fields that only `earlier` knew are kept. */
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

/** `Deployment/web`, with the namespace where it is not the target. */
export const shortName = ({ kind, namespace, name }: ObjectKey, targetNamespace: string): string =>
  namespace === undefined || namespace === targetNamespace ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
