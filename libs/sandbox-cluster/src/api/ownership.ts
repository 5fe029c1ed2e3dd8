import type { Json, JsonObject } from '#kernel';
import {
  apiVersionOf,
  compareTyped,
  decodeManagers,
  difference,
  emptyObject,
  encodeManagers,
  isEmpty,
  NOTHING_IGNORED,
  sameManagers,
  setOf,
  toFieldSet,
  union,
  updateManagers,
  type FieldSet,
  type Manager,
  type ResourceData,
  type SchemaNode,
  type Schemas,
  type Writer,
} from '#kubernetes/schemas';
import { isObject, type KubeObject } from '../store.ts';
import { metadataOf } from './names.ts';

export type Managers = ReadonlyMap<string, Manager>;

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const STATUS: FieldSet = setOf(['status']);
const ALL_BUT_STATUS: FieldSet = setOf(['spec'], ['metadata', 'labels'], ['metadata', 'ownerReferences']);

/** Returns the object that a kind's defaults alone produce. No manager owns its fields. */
export const emptyOf = ({ custom }: ResourceData, root: SchemaNode | undefined): JsonObject =>
  root && !custom ? emptyObject(root) : {};

export const hasStatus = ({ subresources }: ResourceData): boolean =>
  subresources.some(({ name }) => name === 'status');

/** Returns the writer of an endpoint, with the fields that the endpoint ignores. */
export function writerOf(
  resource: ResourceData,
  { manager, subresource, time }: { readonly manager: string; readonly subresource: string; readonly time: string },
): Writer {
  const ignored =
    subresource === 'status' ? ALL_BUT_STATUS : hasStatus(resource) && subresource === '' ? STATUS : NOTHING_IGNORED;
  return { manager, apiVersion: apiVersionOf(resource), subresource, time, ignored };
}

/** Removes everything that no manager owns: managedFields and null values. */
export function bare(object: JsonObject): JsonObject {
  const { managedFields: _managers, ...metadata } = metadataOf(object);
  // Nulls, such as the missing times of an event or the rules of an empty Role, have no owner.
  return Object.fromEntries(Object.entries({ ...object, metadata }).filter(([, value]) => value !== null));
}

/** Returns the field managers after a create. */
export function ownersOfNew(schemas: Schemas, resource: ResourceData, object: JsonObject, writer: Writer): Managers {
  const root = schemas.schemaOf(resource);
  return root
    ? updateManagers(root, { live: emptyOf(resource, root), object: bare(object), managers: new Map(), writer })
    : new Map();
}

/**
 * Returns the field managers after a PUT or patch. The request's own managedFields apply unless they are empty or
 * invalid; a single empty entry removes all managers.
 */
export function ownersOfChanged(
  schemas: Schemas,
  resource: ResourceData,
  {
    live,
    next,
    asked,
    writer,
  }: {
    readonly live: KubeObject;
    readonly next: JsonObject;
    readonly asked: Json | undefined;
    readonly writer: Writer;
  },
): Managers {
  const before = managersOf(live);
  if (writer.subresource === '' && isReset(asked)) return new Map();
  const own = writer.subresource === '' ? decodeManagers(asked) : undefined;
  const managers = own && own.size > 0 ? own : before;
  if (managers.size === 0) return managers; // an object without managers stays without until its first apply
  return updateManagers(schemas.schemaOf(resource), { live: bare(live), object: bare(next), managers, writer });
}

const isReset = (asked: Json | undefined): boolean =>
  Array.isArray(asked) &&
  asked.length === 1 &&
  isObject(asked[0] as Json) &&
  Object.keys(asked[0] as JsonObject).length === 0;

const managersOf = (live: KubeObject): Managers =>
  decodeManagers(live.metadata.managedFields as Json | undefined) ?? new Map<string, Manager>();

/**
 * Returns the field managers before an apply. If an object has none, its fields are assigned to `before-first-apply`,
 * so that the apply cannot take them over silently.
 */
export function managersForApply(
  schemas: Schemas,
  resource: ResourceData,
  live: KubeObject | undefined,
  writer: Writer,
): Managers {
  if (!live) return new Map();
  const managers = managersOf(live);
  const root = schemas.schemaOf(resource);
  if (managers.size > 0 || !root) return managers;
  return updateManagers(root, {
    live: emptyOf(resource, root),
    object: bare(live),
    managers,
    writer: { ...writer, manager: 'before-first-apply' },
  });
}

/**
 * Returns the fields that `kubectl apply --server-side` may take over without force: those of kubectl's last
 * client-side apply that still have the values it set.
 */
export function ownByLastApply(schemas: Schemas, resource: ResourceData, live: KubeObject): FieldSet {
  const text = live.metadata.annotations?.[LAST_APPLIED];
  const config = text === undefined ? undefined : parsed(text);
  const root = schemas.schemaOf(resource);
  if (!isObject(config)) return NOTHING_IGNORED;
  const { added, modified, removed } = compareTyped(root, config, bare(live));
  return difference(difference(difference(toFieldSet(root, config), modified), added), removed);
}

const REPLICAS: FieldSet = setOf(['spec', 'replicas']);

/**
 * Moves ownership of `spec.replicas` to a separate entry without a time, as a server does after a write to the scale
 * endpoint. A server does not distinguish that entry from the manager's other one, and drops it at the next write.
 */
export function apartForScale(managers: Managers): Managers {
  const found = new Map(managers);
  for (const [id, manager] of managers) {
    const rest = difference(manager.fields, REPLICAS);
    if (manager.operation !== 'Update' || manager.subresource !== '' || isEmpty(difference(manager.fields, rest)))
      continue;
    found.set(id, { ...manager, fields: rest });
    found.set(`${id} apart`, { ...manager, time: '', fields: REPLICAS });
  }
  return found;
}

/** Returns whether `allowed` contains every field of `conflicts`. */
export const isWithin = (conflicts: readonly FieldSet[], allowed: FieldSet): boolean =>
  isEmpty(difference(conflicts.reduce(union, NOTHING_IGNORED), allowed));

/** Updates kubectl's last-applied annotation after a server-side apply by kubectl, if the object has the annotation. */
export function followLastApplied(object: JsonObject, config: JsonObject, manager: string): JsonObject {
  const metadata = metadataOf(object);
  const annotations = isObject(metadata['annotations']) ? metadata['annotations'] : {};
  if (manager !== 'kubectl' || annotations[LAST_APPLIED] === undefined) return object;
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...annotations, [LAST_APPLIED]: `${goJson(config)}\n` } },
  };
}

/** Serializes JSON as Go does: with sorted members. */
function goJson(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(goJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  return `{${Object.keys(value)
    .sort()
    .filter((key) => value[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${goJson(value[key])}`)
    .join(',')}}`;
}

/** Returns `metadata.managedFields`; the stored ones if only times would change. */
export function encodedManagers(managers: Managers, live?: KubeObject): JsonObject[] | undefined {
  const before = live && managersOf(live);
  // If not, two entries had the same identity and one of them was dropped.
  const isWhole = before?.size === (live?.metadata.managedFields?.length ?? 0);
  if (live && before && isWhole && sameManagers(before, managers))
    return live.metadata.managedFields as JsonObject[] | undefined;
  const encoded = encodeManagers(managers.values());
  return encoded.length > 0 ? encoded : undefined;
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined; // not written by kubectl, so it grants nothing
  }
}
