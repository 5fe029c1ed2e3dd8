import {
  conflictsOf,
  isConflict,
  KubernetesApiError,
  type Discovery,
  type FieldConflict,
  type KubernetesClient,
  type Written,
} from './client.ts';
import { adoptionOf } from './adoption.ts';
import { TYPES } from './discovery.ts';
import { hasManager, ownedFields, ownsField, type OwnedFields } from './field-ownership.ts';
import { inParallel } from './in-parallel.ts';
import { labelledObjects } from './labelled-objects.ts';
import { clearedUnion } from './cleared-union.ts';
import { liveInventory, type Inventory } from './inventory-fence.ts';
import { changesBetween, contentOf, hasReplicas, isSame } from './object-diff.ts';
import {
  at,
  groupOf,
  heldBy,
  keyOf,
  keyText,
  list,
  nameOf,
  number,
  type KubernetesObject,
  type ObjectKey,
  type ResourceType,
} from './objects.ts';
import {
  FIELD_MANAGER,
  fingerprint,
  HANDOVER_MANAGER,
  isMarkedAsOf,
  ownerOf,
  PRUNE_ANNOTATION,
  REPLACE_ANNOTATION,
  UNION_MANAGER,
} from './ownership.ts';
import type { Hook, InventoryEntry, PlannedChange, PlannedObject, PlanOutcome, PlanError } from './plan.types.ts';
import { isAutoscaled } from './autoscaled.ts';
import { plainText, withoutValues } from './status.ts';
import { needsMigration } from './version-migration.ts';
import { inWaves, NEVER_PRUNED } from './waves.ts';

export interface PlanInput {
  /** Objects after `decorate` and all checks. */
  readonly objects: readonly KubernetesObject[];
  /** `namespace` is that of the application's inventory. */
  readonly ownership: { readonly applicationId: string; readonly namespace: string };
  /** Hooks of this deployment. None by default. */
  readonly hooks?: readonly Hook[];
  /** Objects that earlier attempts may have applied. */
  readonly previous: readonly InventoryEntry[];
  /** Whether objects that are no longer among `objects` are deleted. Defaults to true. */
  readonly prune?: boolean;
  /** UIDs of objects without an owner that the application may take over, with the fields that others manage. */
  readonly adopt?: ReadonlySet<string>;
  /** Secret key of the fingerprints of Secrets; without it, nothing of them is shown. */
  readonly fingerprintKey?: string;
  readonly signal?: AbortSignal;
}

/** Maximum concurrent calls to one cluster during planning and applying. */
export const CONCURRENCY = 8;

const NOTHING: ReadonlySet<string> = new Set();

interface ObjectPlan {
  readonly change: PlannedChange;
  readonly planned: PlannedObject;
  readonly fields: OwnedFields;
  readonly warnings: readonly string[];
}

/**
 * Determines what applying these objects would change, with dry runs of a server-side apply. Writes nothing. If one
 * object is refused, the entire plan is, so that no deployment is applied partially.
 */
export async function planDeployment(
  client: KubernetesClient,
  {
    objects: plain,
    hooks = [],
    ownership,
    previous,
    prune: prunes = true,
    adopt = NOTHING,
    fingerprintKey,
    signal,
  }: PlanInput,
): Promise<PlanOutcome> {
  const { applicationId, namespace } = ownership;
  const call = signal ? { signal } : {};
  const objects = [...plain, ...hooks.map(({ object }) => object)];
  const discovery = await client.discovery(call);
  const inventory = await liveInventory(client, applicationId, namespace);
  const lastApplied = inventory?.applied ?? new Map<string, OwnedFields>();
  const knownUids = new Set(previous.flatMap(({ uid }) => uid ?? []));
  const seen = { inventory, lastApplied, knownUids, adopt };
  const about = { client, discovery, objects, applicationId, ...seen, fingerprintKey, call };
  const context: PlanContext = {
    ...about,
    pendingNamespaces: await namespacesToCreate(about),
    labelled: await labelledObjects(client, { ...about, concurrency: CONCURRENCY }),
    known: new Set(previous.map(({ key }) => keyText(key))),
  };
  const outcomes = await inParallel(plain, CONCURRENCY, (object) => planObject(context, object));
  const hookOutcomes = await inParallel(hooks, CONCURRENCY, (hook) => planObject(context, hook.object, hook));

  const refusals = [...outcomes, ...hookOutcomes].filter((outcome): outcome is PlanError => 'code' in outcome);
  if (refusals.length > 0) return { ok: false, refusals };
  const plans = outcomes.filter((outcome): outcome is ObjectPlan => 'planned' in outcome);
  const hookPlans = hookOutcomes.filter((outcome): outcome is ObjectPlan => 'planned' in outcome);

  const wanted = new Set(objects.map((object) => keyText(keyOf(object))));
  const removed = previous.filter(({ key }) => !wanted.has(keyText(key)));
  const pruneChanges = await inParallel(removed, CONCURRENCY, (entry) => planPrune(context, entry, prunes));
  const prune = removed.filter((_, index) => pruneChanges[index]?.action === 'prune');
  const kept = removed.filter((_, index) => pruneChanges[index]?.action === 'keep');
  const entries = [
    ...plans.map(({ planned, fields }): InventoryEntry => ({
      key: keyOf(planned.object),
      apiVersion: planned.object.apiVersion,
      fields,
      ...(planned.uid !== undefined && { uid: planned.uid }),
      ...jobOf(context, planned.object),
    })),
    ...new Map(hooks.map(({ object }) => [keyText(keyOf(object)), hookEntry(object)])).values(),
    ...prune,
    ...kept,
  ];
  return {
    ok: true,
    plan: {
      changes: uniqueChanges([
        ...[...plans, ...hookPlans].map(({ change }) => change),
        ...pruneChanges.filter((change) => change !== undefined),
      ]),
      waves: inWaves(plans.map(({ planned }) => planned)),
      hooks: hooks.flatMap((hook, index) => {
        const planned = hookPlans[index]?.planned;
        return planned ? [{ ...hook, planned }] : [];
      }),
      prune,
      inventory: entries,
      warnings: [...new Set([...plans, ...hookPlans].flatMap(({ warnings }) => warnings.map(withoutValues)))],
    },
  };
}

/** A hook that runs both before and after the other objects is one object. */
const uniqueChanges = (changes: readonly PlannedChange[]): readonly PlannedChange[] => [
  ...new Map(changes.map((change) => [keyText(change.key), change])).values(),
];

const hookEntry = (object: KubernetesObject): InventoryEntry => ({
  key: keyOf(object),
  apiVersion: object.apiVersion,
  hook: true,
});

interface PlanContext {
  readonly client: KubernetesClient;
  readonly discovery: Discovery;
  readonly objects: readonly KubernetesObject[];
  readonly applicationId: string;
  readonly inventory: Inventory | undefined;
  readonly lastApplied: ReadonlyMap<string, OwnedFields>;
  /** Namespaces that this set creates, in which no dry run is possible yet. */
  readonly pendingNamespaces: ReadonlyMap<string, ObjectKey>;
  /** Some of the application's live objects, by `keyText`. */
  readonly labelled: ReadonlyMap<string, KubernetesObject>;
  /** Objects of the inventory, by `keyText`. */
  readonly known: ReadonlySet<string>;
  /** UIDs in the inventory. */
  readonly knownUids: ReadonlySet<string>;
  /** UIDs of objects that are taken over. */
  readonly adopt: ReadonlySet<string>;
  readonly fingerprintKey: string | undefined;
  readonly call: { readonly signal?: AbortSignal };
}

async function namespacesToCreate({
  client,
  objects,
  discovery,
  call,
}: Pick<PlanContext, 'client' | 'objects' | 'discovery' | 'call'>): Promise<ReadonlyMap<string, ObjectKey>> {
  const namespaces = objects.filter(({ apiVersion, kind }) => apiVersion === 'v1' && kind === 'Namespace');
  const type = discovery.find('v1', 'Namespace') ?? TYPES.namespace;
  const live = await inParallel(namespaces, CONCURRENCY, ({ metadata }) =>
    client.get(type, metadata.name, undefined, call),
  );
  return new Map(
    namespaces.filter((_, index) => !live[index]).map((object) => [object.metadata.name, keyOf(object)] as const),
  );
}

/**
 * Returns the fingerprint of a Job's template. A Job with the same fingerprint that was observed to complete is done,
 * even if it was deleted.
 */
function jobOf({ fingerprintKey, inventory }: PlanContext, object: KubernetesObject): Pick<InventoryEntry, 'job'> {
  if (object.apiVersion !== 'batch/v1' || object.kind !== 'Job' || fingerprintKey === undefined) return {};
  const mark = fingerprint(contentOf(object), fingerprintKey);
  return { job: { fingerprint: mark, done: inventory?.jobs.get(keyText(keyOf(object))) === mark } };
}

async function planObject(
  context: PlanContext,
  object: KubernetesObject,
  hook?: Hook,
): Promise<ObjectPlan | PlanError> {
  const { client, discovery, objects, call } = context;
  const key = keyOf(object);
  const base = { key, apiVersion: object.apiVersion };
  const type = discovery.find(object.apiVersion, object.kind);
  if (!type) {
    const definition = definitionOf(objects, object);
    if (!definition)
      return {
        key,
        code: 'deployments/unknown-kind',
        detail: `The cluster does not know ${object.kind} in ${object.apiVersion}.`,
      };
    const { type: later, key: waitsFor } = definition;
    return {
      change: { ...base, action: 'create-later', waitsFor },
      planned: { object, type: later, force: false, unchanged: false },
      fields: {},
      warnings: [],
    };
  }
  const { name, namespace } = object.metadata;
  const waitsFor = namespace === undefined ? undefined : context.pendingNamespaces.get(namespace);
  if (waitsFor)
    return {
      change: { ...base, action: 'create-later', waitsFor },
      planned: { object, type, force: false, unchanged: false },
      fields: {},
      warnings: [],
    };
  const listed = context.labelled.get(keyText(key));
  if (!listed && !hook && !context.known.has(keyText(key))) {
    // Most objects outside of the inventory are new, which the dry run of their creation shows without another call.
    const created = await planCreation(context, object, type);
    if (created) return created;
  }
  const live = listed ?? (await client.get(type, name, namespace, call));
  if (!live && !hook && jobOf(context, object).job?.done === true)
    return {
      change: { ...base, action: 'unchanged' },
      planned: { object, type, force: false, unchanged: true },
      fields: {},
      warnings: [],
    };
  const taken = live && ownershipRefusal(live, key, context);
  if (taken && ownerOf(live) !== undefined) return taken;
  if (taken) {
    const adoption = await adoptionOf(client, type, { object, live }, call);
    return { ...taken, ...(adoption && { adoption }) };
  }
  if (live && hook?.isRecreated) return planCreate(context, object, type, standIn(object));
  if (live?.metadata.deletionTimestamp !== undefined) {
    return {
      key,
      code: 'deployments/object-terminating',
      detail: `${nameOf(key)} is being deleted${heldBy(live)}.`,
      fix: 'wait until it is deleted, then apply again',
    };
  }
  return live ? planUpdate(context, object, type, live) : planCreate(context, object, type);
}

/** Returns a copy under another name, to dry-run the creation of an object whose predecessor still exists. */
const standIn = (object: KubernetesObject): KubernetesObject => ({
  ...object,
  metadata: { ...object.metadata, name: `${object.metadata.name.slice(0, 50).replace(/[-.]+$/, '')}-dry-run` },
});

/** Plans an object that does not exist. @returns undefined if it exists, or is refused */
async function planCreation(
  context: PlanContext,
  object: KubernetesObject,
  type: ResourceType,
): Promise<ObjectPlan | undefined> {
  const dry = await dryRun(context, object, type).catch(() => undefined);
  return dry?.created === true ? creationOf(dry, object, type) : undefined;
}

/** @param asked the object to dry-run, if not `object` itself */
async function planCreate(
  context: PlanContext,
  object: KubernetesObject,
  type: ResourceType,
  asked = object,
): Promise<ObjectPlan | PlanError> {
  try {
    return creationOf(await dryRun(context, asked, type), object, type);
  } catch (error) {
    return refusalOf(error, keyOf(object));
  }
}

const dryRun = ({ client, call }: PlanContext, object: KubernetesObject, type: ResourceType): Promise<Written> =>
  client.apply(type, object, { fieldManager: FIELD_MANAGER, dryRun: true, ...call });

const creationOf = (dry: Written, object: KubernetesObject, type: ResourceType): ObjectPlan => ({
  change: { key: keyOf(object), apiVersion: object.apiVersion, action: 'create' },
  planned: { object, type, force: false, unchanged: false },
  fields: ownedFields(dry.object, FIELD_MANAGER),
  warnings: dry.warnings,
});

async function planUpdate(
  context: PlanContext,
  object: KubernetesObject,
  type: ResourceType,
  live: KubernetesObject,
): Promise<ObjectPlan | PlanError> {
  const { client, call, fingerprintKey } = context;
  const key = keyOf(object);
  const options = { fieldManager: FIELD_MANAGER, dryRun: true, ...call };
  let takesBackFrom: readonly FieldConflict[] = [];
  try {
    const dry = await client.apply(type, object, options).catch(async (error: unknown) => {
      const conflicts = conflictsOf(error);
      if (conflicts.length === 0) throw error;
      const refused = conflictRefusal(context, object, live, conflicts);
      if (refused) return refused;
      takesBackFrom = conflicts;
      return client.apply(type, object, { ...options, force: true });
    });
    if ('code' in dry) return dry;
    const fields = ownedFields(dry.object, FIELD_MANAGER);
    // A field that was changed and changed back has the same value, but another owner, so it is written to own it
    // again.
    const unchanged =
      isSame(contentOf(live), contentOf(dry.object)) &&
      isSame(ownedFields(live, FIELD_MANAGER), fields) &&
      !hasManager(live, UNION_MANAGER);
    const handOver = replicasToHandOver(context, object, live);
    const { uid } = live.metadata;
    return {
      change:
        unchanged && handOver === undefined
          ? { key, apiVersion: object.apiVersion, action: 'unchanged' }
          : {
              key,
              apiVersion: object.apiVersion,
              action: 'update',
              changes: changesBetween(live, dry.object, fingerprintKey),
              takesBackFrom,
            },
      planned: {
        object,
        type,
        force: takesBackFrom.length > 0,
        ...(isAdopted(live, context) && { adopts: true }),
        unchanged: unchanged && handOver === undefined,
        ...(uid !== undefined && { uid }),
        ...(handOver !== undefined && { handOver }),
      },
      fields,
      warnings: dry.warnings,
    };
  } catch (error) {
    const cleared = await planClear(context, object, type, live, error);
    if (cleared) return cleared;
    if (needsMigration(error, live, object.apiVersion)) return planMigration(context, object, type, live);
    const refusal = refusalOf(error, key);
    return (await planReplacement(context, object, type, { live, refusal })) ?? refusal;
  }
}

/**
 * Plans an update for which the version of `managedFields` must be changed first, so that no dry run of it is possible.
 * The object is validated under another name, and its changes are not known.
 */
async function planMigration(
  context: PlanContext,
  object: KubernetesObject,
  type: ResourceType,
  { metadata: { uid } }: KubernetesObject,
): Promise<ObjectPlan | PlanError> {
  const made = await planCreate(context, object, type, standIn(object));
  if ('code' in made) return made;
  return {
    ...made,
    change: { ...made.change, action: 'update', changes: [], takesBackFrom: [] },
    planned: { ...made.planned, migrates: true, ...(uid !== undefined && { uid }) },
  };
}

/**
 * Plans to delete an object and create it again, if its manifest allows that and an immutable field changes. Never for
 * kinds whose deletion loses data.
 */
async function planReplacement(
  context: PlanContext,
  object: KubernetesObject,
  type: ResourceType,
  { live, refusal }: { readonly live: KubernetesObject; readonly refusal: PlanError },
): Promise<ObjectPlan | PlanError | undefined> {
  const { uid } = live.metadata;
  const isAllowed = object.metadata.annotations?.[REPLACE_ANNOTATION] === 'allow' && !NEVER_PRUNED.has(object.kind);
  if (refusal.code !== 'deployments/immutable-field' || !isAllowed || uid === undefined) return undefined;
  const made = await planCreate(context, object, type, standIn(object));
  if ('code' in made) return made;
  return {
    ...made,
    change: { ...made.change, action: 'update', changes: [], takesBackFrom: [] },
    planned: { ...made.planned, uid, replaces: uid },
    warnings: [
      ...made.warnings,
      `${nameOf(keyOf(object))} is deleted and created again, since an immutable field changes`,
    ],
  };
}

/** Plans an update that the server refuses because of a field that it defaulted itself: a patch clears the field. */
async function planClear(
  { client, call, fingerprintKey }: PlanContext,
  object: KubernetesObject,
  type: ResourceType,
  live: KubernetesObject,
  error: unknown,
): Promise<ObjectPlan | undefined> {
  const clear = clearedUnion(live, object, error);
  if (!clear) return undefined;
  const { name, namespace } = object.metadata;
  const where = { name, ...(namespace !== undefined && { namespace }) };
  const options = { fieldManager: UNION_MANAGER, dryRun: true, ...call };
  const patched = await client.patch(type, where, { kind: 'merge', body: clear }, options).catch(() => undefined);
  if (!patched) return undefined;
  const { uid } = live.metadata;
  const changes = changesBetween(live, patched.object, fingerprintKey);
  return {
    change: { key: keyOf(object), apiVersion: object.apiVersion, action: 'update', changes, takesBackFrom: [] },
    planned: { object, type, force: true, unchanged: false, clear, ...(uid !== undefined && { uid }) },
    fields: ownedFields(live, FIELD_MANAGER),
    warnings: patched.warnings,
  };
}

/**
 * Refuses to take over an object of the same name. An object without the label still belongs to the application if the
 * inventory contains its UID; one with another application's label does not.
 */
function ownershipRefusal(live: KubernetesObject, key: ObjectKey, context: PlanContext): PlanError | undefined {
  const owner = ownerOf(live);
  const { uid } = live.metadata;
  if (owner === context.applicationId || isAdopted(live, context)) return undefined;
  if (owner === undefined && uid !== undefined && context.knownUids.has(uid)) return undefined;
  return {
    key,
    code: 'deployments/owned-by-other',
    detail:
      owner === undefined
        ? `${nameOf(key)} already exists and is not managed by this application.`
        : `${nameOf(key)} belongs to another application.`,
    fix: `use another name, or delete the existing object first: kubectl get ${key.kind.toLowerCase()} ${key.name}${key.namespace === undefined ? '' : ` -n ${key.namespace}`}`,
  };
}

const isAdopted = (live: KubernetesObject, { adopt }: PlanContext): boolean =>
  ownerOf(live) === undefined && live.metadata.uid !== undefined && adopt.has(live.metadata.uid);

/**
 * Refuses conflicts about fields that the application never owned, unless it takes over the object. Fields of the last apply are taken back. If that is
 * unknown (the inventory object was deleted), the fields that the live object lists as ours count.
 */
function conflictRefusal(
  context: PlanContext,
  object: KubernetesObject,
  live: KubernetesObject,
  conflicts: readonly FieldConflict[],
): PlanError | undefined {
  if (isAdopted(live, context)) return undefined;
  const { lastApplied, objects } = context;
  const key = keyOf(object);
  const ownFields = lastApplied.get(keyText(key)) ?? ownedFields(live, FIELD_MANAGER);
  const foreign = conflicts.filter(
    (conflict) => !ownsField(ownFields, conflict.field) && !isScaledBack(conflict, object, objects),
  );
  if (foreign.length === 0) return undefined;
  const fields = foreign.map(({ field, manager }) => `${field} (${manager})`).join(', ');
  return {
    key,
    code: 'deployments/field-conflict',
    conflicts: foreign,
    detail: `${nameOf(key)} has fields that are managed by others: ${fields}.`,
    fix: 'remove these fields from the manifest, or from their manager',
  };
}

/**
 * Returns whether the conflict is about replicas that are set again after an autoscaler was removed: the scale endpoint
 * or the hand-over manager took them from us.
 */
const isScaledBack = (
  { field, manager, subresource }: FieldConflict,
  object: KubernetesObject,
  objects: readonly KubernetesObject[],
): boolean =>
  field === '.spec.replicas' &&
  (subresource === 'scale' || manager === HANDOVER_MANAGER) &&
  !isAutoscaled(object, objects);

/** Returns the live replicas that an autoscaler of this set takes over. Dropping the owned field would scale to 1. */
function replicasToHandOver(
  { objects }: PlanContext,
  object: KubernetesObject,
  live: KubernetesObject,
): number | undefined {
  if (hasReplicas(object) || !ownsField(ownedFields(live, FIELD_MANAGER), '.spec.replicas')) return undefined;
  return isAutoscaled(object, objects) ? number(at(live, 'spec', 'replicas')) : undefined;
}

async function planPrune(
  { client, discovery, applicationId, call }: PlanContext,
  { key, apiVersion }: InventoryEntry,
  prunes: boolean,
): Promise<PlannedChange | undefined> {
  const type = discovery.find(apiVersion, key.kind) ?? discovery.preferred(key.group, key.kind);
  const live = type && (await client.get(type, key.name, key.namespace, call));
  if (!live) return undefined;
  const keep = (why: string): PlannedChange => ({ key, apiVersion, action: 'keep', why });
  if (!isMarkedAsOf(live, applicationId)) return keep('it no longer has the labels of this application');
  if (!prunes) return keep('syncPolicy.prune is false');
  if (NEVER_PRUNED.has(key.kind)) return keep(`a ${key.kind} is not deleted automatically; delete it manually`);
  if (live.metadata.annotations?.[PRUNE_ANNOTATION] === 'false')
    return keep(`its annotation ${PRUNE_ANNOTATION} says false`);
  return { key, apiVersion, action: 'prune', uid: live.metadata.uid ?? '' };
}

/** Returns the type that a CustomResourceDefinition of the same set will define. */
function definitionOf(
  objects: readonly KubernetesObject[],
  { apiVersion, kind }: KubernetesObject,
): { readonly type: ResourceType; readonly key: ObjectKey } | undefined {
  const crd = objects.find(
    (object) =>
      object.kind === 'CustomResourceDefinition' &&
      at(object, 'spec', 'names', 'kind') === kind &&
      at(object, 'spec', 'group') === groupOf(apiVersion),
  );
  const version =
    crd &&
    list(at(crd, 'spec', 'versions')).find(
      (entry) => `${groupOf(apiVersion)}/${String(at(entry, 'name'))}` === apiVersion,
    );
  if (!crd || version === undefined) return undefined;
  return {
    key: keyOf(crd),
    type: {
      group: groupOf(apiVersion),
      version: String(at(version, 'name')),
      kind,
      resource: String(at(crd, 'spec', 'names', 'plural')),
      namespaced: at(crd, 'spec', 'scope') === 'Namespaced',
      verbs: [],
    },
  };
}

/** Converts a refused dry run to a refusal. Errors that do not concern the object are rethrown. */
function refusalOf(error: unknown, key: ObjectKey): PlanError {
  if (!(error instanceof KubernetesApiError)) throw error;
  const { status, reason, causes, message } = error;
  const refuse = (code: PlanError['code'], detail: string, fix?: string): PlanError => ({
    key,
    code,
    detail,
    ...(fix !== undefined && { fix }),
  });
  const serverMessage = plainText(error).replace(/\.$/, '');
  if (causes.some((cause) => cause.reason === 'NamespaceTerminating'))
    return refuse(
      'deployments/namespace-terminating',
      `Namespace ${key.namespace ?? ''} is being deleted.`,
      'wait until it is deleted, then apply again',
    );
  if (status === 403 && /exceeded quota|failed quota/.test(message))
    return refuse(
      'deployments/quota-limit',
      `${nameOf(key)}: ${serverMessage}.`,
      'request less, or raise the quota of the namespace',
    );
  if (status === 403 && / is forbidden: User | cannot (create|patch|get|list|update) resource /.test(message))
    return refuse(
      'deployments/forbidden-on-cluster',
      `The platform's ServiceAccount cannot write ${nameOf(key)}: ${serverMessage}.`,
      'register the cluster again: astroctl clusters register',
    );
  if (status === 403 || /admission webhook .* denied|ValidatingAdmissionPolicy/.test(message))
    return refuse('deployments/denied-by-cluster', `The cluster denied ${nameOf(key)}: ${serverMessage}.`);
  if (
    status === 422 &&
    (/immutable|may not change once set/.test(message) ||
      causes.some((cause) => cause.reason === 'FieldValueForbidden' && cause.field === 'spec'))
  ) {
    return refuse(
      'deployments/immutable-field',
      `${nameOf(key)} has an immutable field that would change: ${serverMessage}.`,
      NEVER_PRUNED.has(key.kind)
        ? 'use another name'
        : `allow that it is deleted and created again, with the annotation ${REPLACE_ANNOTATION}: allow`,
    );
  }
  if (status === 422 || status === 400 || message.startsWith('failed to create typed patch object'))
    return refuse('deployments/invalid-manifest', `The cluster rejected ${nameOf(key)}: ${serverMessage}.`);
  if (status === 413 || /request is too large|message larger than max/.test(message))
    return refuse('deployments/object-too-large', `${nameOf(key)} is larger than the cluster accepts.`);
  if (isConflict(error) && reason === 'Conflict')
    return refuse('deployments/field-conflict', `${nameOf(key)}: ${serverMessage}.`);
  throw error;
}
