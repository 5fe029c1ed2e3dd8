import type { FieldConflict } from './client.ts';
import type { JsonRecord, KubernetesObject, ObjectKey, ResourceType } from './objects.ts';

/** One changed field, in words that may be stored: values of Secrets are fingerprints. */
export interface FieldChange {
  /** RFC 6901 pointer into the object. */
  readonly pointer: string;
  /** JSON text of the value before, at most 200 characters; absent when the field is new. */
  readonly before?: string;
  /** JSON text of the value after, at most 200 characters; absent when the field goes. */
  readonly after?: string;
}

interface PlannedBase {
  readonly key: ObjectKey;
  /** Whether the object is in a namespace; the version is that of the manifest. */
  readonly apiVersion: string;
}

/** What applying one object would do, as the server said in a dry run. */
export type PlannedChange =
  | (PlannedBase & { readonly action: 'create' })
  /** `takesBackFrom`: managers that changed fields of ours since; the apply must be forced. */
  | (PlannedBase & {
      readonly action: 'update';
      readonly changes: readonly FieldChange[];
      readonly takesBackFrom: readonly FieldConflict[];
    })
  | (PlannedBase & { readonly action: 'unchanged' })
  /** The object cannot be asked yet: its namespace or its CRD is made by this same set. */
  | (PlannedBase & { readonly action: 'create-later'; readonly waitsFor: ObjectKey })
  | (PlannedBase & { readonly action: 'prune'; readonly uid: string })
  /** In the old inventory, not in the new set, but left alone; `why` says so in a sentence. */
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

/** Why one object stops the whole plan before the first write. */
export interface PlanError {
  readonly key: ObjectKey;
  readonly code: RefusalCode;
  readonly detail: string;
  readonly fix?: string;
  readonly conflicts?: readonly FieldConflict[];
}

export interface Plan {
  readonly changes: readonly PlannedChange[];
  /** What `applyPlan` writes, in order. Holds Secrets: never stored outside the vault. */
  readonly waves: readonly Wave[];
  readonly prune: readonly InventoryEntry[];
  /** Old inventory and new set together: what must be recorded before the first write. */
  readonly inventory: readonly InventoryEntry[];
  readonly warnings: readonly string[];
}

export const WAVES = [
  'namespaces',
  'cluster',
  'guards',
  'configuration',
  'pre-deploy',
  'services',
  'workloads',
  'access',
] as const;

/** Objects that are written together; the next wave is not begun before this one is done. */
export interface Wave {
  readonly name: (typeof WAVES)[number];
  readonly objects: readonly PlannedObject[];
}

export interface PlannedObject {
  readonly object: KubernetesObject;
  readonly type: ResourceType;
  /** Whether the apply takes fields back. */
  readonly force: boolean;
  /** Already so on the cluster: nothing is written. */
  readonly unchanged: boolean;
  /** Of the live object; absent when there is none yet. */
  readonly uid?: string;
  /** Merge patch that goes first: it takes away what the server had defaulted and now refuses; see `clearedUnion`. */
  readonly clear?: JsonRecord;
  /** Replicas that live now and that an autoscaler is to take over from us; see `handOverReplicas`. */
  readonly handOver?: number;
}

export type PlanOutcome =
  { readonly ok: true; readonly plan: Plan } | { readonly ok: false; readonly refusals: readonly PlanError[] };

/** One object of an application as the inventory remembers it. */
export interface InventoryEntry {
  readonly key: ObjectKey;
  readonly apiVersion: string;
  /** As last seen; absent until it was applied. */
  readonly uid?: string;
  /** Fields that our apply of it owns (`fieldsV1`); kept in the inventory object, so that what others changed since can be told. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Of a Job: what it runs, as a fingerprint, and whether it was seen to complete; then it counts as done when it is gone. */
  readonly job?: { readonly fingerprint: string; readonly done: boolean };
}
