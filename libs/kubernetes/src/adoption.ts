import { conflictsOf, KubernetesApiError, type FieldConflict, type KubernetesClient } from './client.ts';
import { fieldsMissing, ownedFields, type OwnedFields } from './field-ownership.ts';
import { at, isRecord, list, record, type JsonRecord, type KubernetesObject, type ResourceType } from './objects.ts';
import { FIELD_MANAGER } from './ownership.ts';

/** What an application would take over with an object that belongs to no application. */
export interface Adoption {
  readonly uid: string;
  /** Fields of the manifest that others manage and that would get another value. */
  readonly conflicts: readonly FieldConflict[];
  /** Fields that `kubectl apply` set and that the manifest does not contain. They would be removed. */
  readonly removes: readonly string[];
}

/**
 * Field managers of client-side `kubectl apply`, with the operation `Update`. A server-side apply would share the
 * fields with them, so that a field that the manifest drops would remain for ever.
 */
const CLIENT_SIDE_MANAGERS: readonly string[] = ['kubectl-client-side-apply', 'before-first-apply'];
const LAST_APPLIED = '.metadata.annotations.kubectl.kubernetes.io/last-applied-configuration';

type Call = { readonly deadlineMs?: number; readonly signal?: AbortSignal };

/** Determines with dry runs what the adoption of a live object would take over. Writes nothing. */
export async function adoptionOf(
  client: KubernetesClient,
  type: ResourceType,
  { object, live }: { readonly object: KubernetesObject; readonly live: KubernetesObject },
  call: Call,
): Promise<Adoption | undefined> {
  const { uid } = live.metadata;
  if (uid === undefined) return undefined;
  const options = { fieldManager: FIELD_MANAGER, dryRun: true, ...call };
  let conflicts: readonly FieldConflict[] = [];
  try {
    const dry = await client.apply(type, object, options).catch((error: unknown) => {
      conflicts = conflictsOf(error);
      if (conflicts.length === 0) throw error;
      return client.apply(type, object, { ...options, force: true });
    });
    const before = fieldsOfAll(clientSideEntries(list(live.metadata['managedFields'])));
    const removes = fieldsMissing(before, ownedFields(dry.object, FIELD_MANAGER));
    return { uid, conflicts, removes: removes.filter((field) => field !== LAST_APPLIED) };
  } catch (error) {
    // The cluster refuses the object for another reason, which the attempt that adopts it reports.
    if (error instanceof KubernetesApiError) return { uid, conflicts, removes: [] };
    throw error;
  }
}

/**
 * Makes the platform the owner of the fields that client-side `kubectl apply` set, so that a field that the manifest
 * does not contain is removed by the next server-side apply. Repeating it has no effect.
 * @throws KubernetesApiError with status 409 if the object changes at the same time
 */
export async function takeClientSideFields(
  client: KubernetesClient,
  type: ResourceType,
  where: { readonly name: string; readonly namespace?: string },
  call: Call,
): Promise<void> {
  const live = await client.get(type, where.name, where.namespace, call);
  const managedFields = live && withoutClientSideManagers(list(live.metadata['managedFields']));
  if (!live || !managedFields) return;
  const body = [
    { op: 'replace', path: '/metadata/managedFields', value: managedFields },
    // a precondition: the server refuses another resourceVersion
    { op: 'replace', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
  ];
  await client.patch(type, where, { kind: 'json', body }, { fieldManager: FIELD_MANAGER, ...call });
}

/**
 * Returns `managedFields` in which our apply owns what client-side `kubectl apply` owned, as `kubectl apply
 * --server-side` does; undefined if there is nothing to change.
 */
export function withoutClientSideManagers(managedFields: readonly unknown[]): readonly unknown[] | undefined {
  const clientSide = clientSideEntries(managedFields);
  const [first] = clientSide;
  if (first === undefined) return undefined;
  const isOurs = (entry: unknown) =>
    at(entry, 'manager') === FIELD_MANAGER && at(entry, 'operation') === 'Apply' && isMain(entry);
  const ours = managedFields.find(isOurs);
  const owner: JsonRecord = { ...record(ours ?? first), manager: FIELD_MANAGER, operation: 'Apply' };
  // Fields of another version of the API have other names, so only those of the same version are united.
  const same = clientSide.filter((entry) => at(entry, 'apiVersion') === owner['apiVersion']);
  const fieldsV1 = fieldsOfAll([...(ours === undefined ? [] : [ours]), ...same]);
  return [{ ...owner, fieldsV1 }, ...managedFields.filter((entry) => !isOurs(entry) && !clientSide.includes(entry))];
}

const isMain = (entry: unknown): boolean => at(entry, 'subresource') === undefined;

const clientSideEntries = (managedFields: readonly unknown[]): readonly unknown[] =>
  managedFields.filter(
    (entry) =>
      CLIENT_SIDE_MANAGERS.includes(String(at(entry, 'manager'))) &&
      at(entry, 'operation') === 'Update' &&
      isMain(entry),
  );

const fieldsOfAll = (entries: readonly unknown[]): OwnedFields =>
  entries.reduce<OwnedFields>((fields, entry) => union(fields, record(at(entry, 'fieldsV1'))), {});

function union(a: OwnedFields, b: OwnedFields): OwnedFields {
  const both = { ...a };
  for (const [member, below] of Object.entries(b)) {
    const known = both[member];
    both[member] = isRecord(known) && isRecord(below) ? union(known, below) : below;
  }
  return both;
}
