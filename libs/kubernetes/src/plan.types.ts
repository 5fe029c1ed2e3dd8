import type { Adoption } from './adoption.ts';
import type { FieldConflict } from './client.ts';
import type { JsonRecord, KubernetesObject, ObjectKey, ResourceType } from './objects.ts';

/** A changed field, without secrets: values of Secrets are fingerprints. */
export interface FieldChange {
  /** JSON pointer into the object (RFC 6901). */
  readonly pointer: string;
  /** JSON of the previous value, at most 200 characters; missing if the field is new. */
  readonly before?: string;
  /** JSON of the new value, at most 200 characters; missing if the field is removed. */
  readonly after?: string;
}

interface PlannedBase {
  readonly key: ObjectKey;
  /** The apiVersion of the manifest. */
  readonly apiVersion: string;
}

/** Effect of applying one object, from a dry run. */
export type PlannedChange =
  | (PlannedBase & { readonly action: 'create' })
  /** `takesBackFrom`: managers that changed our fields since. The apply must be forced. */
  | (PlannedBase & {
      readonly action: 'update';
      readonly changes: readonly FieldChange[];
      readonly takesBackFrom: readonly FieldConflict[];
    })
  | (PlannedBase & { readonly action: 'unchanged' })
  /** No dry run is possible yet, because this set creates the object's namespace or CRD. */
  | (PlannedBase & { readonly action: 'create-later'; readonly waitsFor: ObjectKey })
  | (PlannedBase & { readonly action: 'prune'; readonly uid: string })
  /** An object of the old inventory that is not in the new set, but is kept. `why` gives the reason as a sentence. */
  | (PlannedBase & { readonly action: 'keep'; readonly why: string });

export type RefusalCode =
  | 'deployments/owned-by-other'
  | 'deployments/field-conflict'
  | 'deployments/forbidden-on-cluster'
  | 'deployments/immutable-field'
  | 'deployments/invalid-manifest'
  | 'deployments/unknown-kind'
  | 'deployments/quota-limit'
  | 'deployments/denied-by-cluster'
  | 'deployments/namespace-terminating'
  | 'deployments/object-terminating'
  | 'deployments/object-too-large';

/** Why one object prevents the plan from being applied. */
export interface PlanError {
  readonly key: ObjectKey;
  readonly code: RefusalCode;
  readonly detail: string;
  readonly fix?: string;
  readonly conflicts?: readonly FieldConflict[];
  /** Set if the object belongs to no application, so that a person may decide to take it over. */
  readonly adoption?: Adoption;
}

export interface Plan {
  readonly changes: readonly PlannedChange[];
  /** What `applyPlan` writes, in order. Contains Secrets: store it only in the vault. */
  readonly waves: readonly Wave[];
  /** In the order in which they run. */
  readonly hooks: readonly PlannedHook[];
  readonly prune: readonly InventoryEntry[];
  /** Union of old inventory and new set, which must be recorded before the first write. */
  readonly inventory: readonly InventoryEntry[];
  readonly warnings: readonly string[];
}

export const WAVES = [
  'namespaces',
  'definitions',
  'cluster',
  'guards',
  'configuration',
  'services',
  'workloads',
  'access',
] as const;

/** Objects that are written together, before the next wave starts. */
export interface Wave {
  readonly name: (typeof WAVES)[number];
  readonly objects: readonly PlannedObject[];
}

export interface PlannedObject {
  readonly object: KubernetesObject;
  readonly type: ResourceType;
  /** Whether the apply takes fields back. */
  readonly force: boolean;
  /** UID of the live object that is deleted first, since an immutable field changes. */
  readonly replaces?: string;
  /** Whether the object belonged to no application, and a person decided to take it over. */
  readonly adopts?: true;
  /** Whether the version of `managedFields` is changed first. See `migrateVersion`. */
  readonly migrates?: true;
  /** Whether the object is already up to date, so that nothing is written. */
  readonly unchanged: boolean;
  /** UID of the live object; missing if there is none. */
  readonly uid?: string;
  /** Merge patch to send first, which removes a field that the server defaulted and now refuses. See `clearedUnion`. */
  readonly clear?: JsonRecord;
  /** Live replicas that an autoscaler takes over from us. See `handOverReplicas`. */
  readonly handOver?: number;
}

/**
 * When hooks run: before the other objects of a deployment are written, after they are healthy, before they are deleted
 * with their application, or after that. In this order.
 */
export const HOOK_PHASES = ['pre-deploy', 'post-deploy', 'pre-delete', 'post-delete'] as const;
export type HookPhase = (typeof HOOK_PHASES)[number];
/** An object that runs at a certain time of a deployment or deletion, such as a Job that migrates a database. */
export interface Hook {
  readonly phase: HookPhase;
  /** As it is applied, with the annotation of its phase. */
  readonly object: KubernetesObject;
  /** Hooks with a lower weight run first. */
  readonly weight: number;
  /** Whether an existing object of the same name is deleted first. */
  readonly isRecreated: boolean;
  readonly isDeletedWhen: { readonly succeeded: boolean; readonly failed: boolean };
}

/** A hook, and what applying it would change. */
export interface PlannedHook extends Hook {
  readonly planned: PlannedObject;
}

export type PlanOutcome =
  { readonly ok: true; readonly plan: Plan } | { readonly ok: false; readonly refusals: readonly PlanError[] };

/** An object of an application in the inventory. */
export interface InventoryEntry {
  readonly key: ObjectKey;
  readonly apiVersion: string;
  /** UID as last observed; missing until the object is applied. */
  readonly uid?: string;
  /** Fields that our apply owns (`fieldsV1`). Stored in the inventory object to detect later changes by others. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /**
   * For a Job: fingerprint of its template, and whether it was observed to complete, in which case it counts as done
   * after its deletion.
   */
  readonly job?: { readonly fingerprint: string; readonly done: boolean };
  /** A hook, which does not count for the health and drift of the application. */
  readonly hook?: true;
}
