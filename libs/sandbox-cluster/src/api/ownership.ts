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

/** What an object of a kind holds when nothing is said, which nobody owns. */
export const emptyOf = ({ custom }: ResourceData, root: SchemaNode | undefined): JsonObject =>
  root && !custom ? emptyObject(root) : {};

export const hasStatus = ({ subresources }: ResourceData): boolean =>
  subresources.some(({ name }) => name === 'status');

/** Who writes to which endpoint, and what that endpoint does not write. */
export function writerOf(
  resource: ResourceData,
  { manager, subresource, time }: { readonly manager: string; readonly subresource: string; readonly time: string },
): Writer {
  const ignored =
    subresource === 'status' ? ALL_BUT_STATUS : hasStatus(resource) && subresource === '' ? STATUS : NOTHING_IGNORED;
  return { manager, apiVersion: apiVersionOf(resource), subresource, time, ignored };
}

/** The object without what no manager owns, or everybody sees change. */
export function bare(object: JsonObject): JsonObject {
  const { managedFields: _managers, ...metadata } = metadataOf(object);
  // What is shown as null, as the times that an event does not have or the rules of an empty Role, belongs to nobody.
  return Object.fromEntries(Object.entries({ ...object, metadata }).filter(([, value]) => value !== null));
}

/** Owners after a create. */
export function ownersOfNew(schemas: Schemas, resource: ResourceData, object: JsonObject, writer: Writer): Managers {
  const root = schemas.schemaOf(resource);
  return root
    ? updateManagers(root, { live: emptyOf(resource, root), object: bare(object), managers: new Map(), writer })
    : new Map();
}

/**
 * Owners after a PUT or patch. What the request itself says of managed fields counts, unless it is empty or not readable;
 * a single empty entry gives up all of them.
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
  if (managers.size === 0) return managers; // an object that nobody manages stays so until the first apply
  return updateManagers(schemas.schemaOf(resource), { live: bare(live), object: bare(next), managers, writer });
}

const isReset = (asked: Json | undefined): boolean =>
  Array.isArray(asked) &&
  asked.length === 1 &&
  isObject(asked[0] as Json) &&
  Object.keys(asked[0] as JsonObject).length === 0;

const managersOf = (live: KubeObject): Managers =>
  decodeManagers(live.metadata.managedFields as Json | undefined) ?? new Map<string, Manager>();

/** Before the first apply to an object that nobody manages, all that is there gets an owner, so that an apply cannot take it silently. */
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
 * What `kubectl apply --server-side` may take over without force: the fields of its own last client-side apply that are
 * still as that wrote them.
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
 * After a write to the scale endpoint whoever updated the replicas before, and still owns them, owns them in an entry apart,
 * without a time: a server cannot tell that entry from the manager's other one, and the next write forgets it.
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

/** Whether everything in `conflicts` is in `allowed`. */
export const isWithin = (conflicts: readonly FieldSet[], allowed: FieldSet): boolean =>
  isEmpty(difference(conflicts.reduce(union, NOTHING_IGNORED), allowed));

/** kubectl's own annotation follows its server-side applies, as long as the object has it. */
export function followLastApplied(object: JsonObject, config: JsonObject, manager: string): JsonObject {
  const metadata = metadataOf(object);
  const annotations = isObject(metadata['annotations']) ? metadata['annotations'] : {};
  if (manager !== 'kubectl' || annotations[LAST_APPLIED] === undefined) return object;
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...annotations, [LAST_APPLIED]: `${goJson(config)}\n` } },
  };
}

/** JSON as Go writes maps: members sorted. */
function goJson(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(goJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  return `{${Object.keys(value)
    .sort()
    .filter((key) => value[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${goJson(value[key])}`)
    .join(',')}}`;
}

/** `metadata.managedFields` of the result; the old ones when nothing but times would change. */
export function encodedManagers(managers: Managers, live?: KubeObject): JsonObject[] | undefined {
  const before = live && managersOf(live);
  const isWhole = before?.size === (live?.metadata.managedFields?.length ?? 0); // else two entries said the same of themselves, and one is lost
  if (live && before && isWhole && sameManagers(before, managers))
    return live.metadata.managedFields as JsonObject[] | undefined;
  const encoded = encodeManagers(managers.values());
  return encoded.length > 0 ? encoded : undefined;
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined; // somebody else wrote into the annotation; then it gives no rights
  }
}
