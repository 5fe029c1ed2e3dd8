import type { AdoptableObject, InventoryEntry, KeptObject } from '#deployments/contract';
import type { EventFamily, Fact } from '#kernel';

/** Outcome of an attempt, as reported by the worker. */
export type AttemptOutcome =
  | {
      readonly outcome: 'succeeded';
      readonly message: string;
      readonly endpoint: string | null;
      readonly replicas: string | null;
      /** Objects that a deletion kept, and why. Only the first ones are listed. */
      readonly kept?: readonly KeptObject[];
    }
  | {
      readonly outcome: 'failed';
      readonly code: string;
      readonly message: string;
      readonly fix: string | null;
      readonly applied: boolean;
      readonly serving: string | null;
      /** Objects that belong to no application and that made the attempt fail. Only the first ones are listed. */
      readonly adoptable?: readonly AdoptableObject[];
    }
  | { readonly outcome: 'superseded' };

/** Application and revision of an attempt. Part of each event, so that projections need no lookup. */
export interface AttemptOf {
  readonly applicationId: string;
  readonly revision: number;
}

type Step<Type extends string, Data> = Fact<Type, AttemptOf & Data>;

/** Stream: `deployment-<attempt id>`. `leaseUntilMs`: end of the claim in milliseconds since 1970. */
export type AttemptEvent =
  | Step<
      'attempt.claimed.v1',
      { readonly claim: number; readonly worker: string; readonly incarnation: string; readonly leaseUntilMs: number }
    >
  | Step<'attempt.extended.v1', { readonly claim: number; readonly leaseUntilMs: number }>
  | Step<'attempt.fetched.v1', { readonly source: string; readonly leaseUntilMs: number }>
  | Step<'attempt.rendered.v1', { readonly objects: number; readonly digest: string; readonly leaseUntilMs: number }>
  /** Recorded before the first write, in the same append as the inventory. The complete plan is in the vault. */
  | Step<
      'attempt.planned.v1',
      {
        readonly rendered: string;
        readonly digest: string;
        readonly changes: readonly {
          readonly object: string;
          readonly action: string;
          readonly fields: readonly string[];
          readonly takesBackFrom: string | null;
        }[];
        /** Number of changes in the plan; `changes` may list fewer. */
        readonly changeCount: number;
        readonly warnings: readonly string[];
        readonly leaseUntilMs: number;
      }
    >
  /** Objects that are or may be on the cluster. Split into several events if one would be too large. */
  | Step<'attempt.inventory-recorded.v1', { readonly entries: readonly InventoryEntry[] }>
  /** Objects that are left on the cluster after the attempt. Earlier inventories no longer count. */
  | Step<'attempt.inventory-settled.v1', Record<never, never>>
  | Step<
      'attempt.applied.v1',
      {
        readonly wave: string;
        readonly objects: number;
        readonly done: number;
        readonly all: number;
        readonly leaseUntilMs: number;
      }
    >
  /** `problem`: the problem that the platform waits for. Absent if there is none, and in events of earlier releases. */
  | Step<
      'attempt.progressing.v1',
      { readonly message: string; readonly problem?: string; readonly leaseUntilMs: number }
    >
  | Step<'attempt.healthy.v1', { readonly message: string; readonly leaseUntilMs: number }>
  | Step<'attempt.pruned.v1', { readonly objects: readonly string[]; readonly leaseUntilMs: number }>
  /** The claim expired; no worker may continue with it. */
  | Step<'attempt.lapsed.v1', { readonly claim: number }>
  /** Outcome as the worker reported it. The application's stream has the terminal event. */
  | Step<'attempt.ended.v1', { readonly claim: number; readonly outcome: AttemptOutcome }>;

export const attemptEvents: EventFamily<AttemptEvent> = {
  categories: ['deployment'],
  types: {
    'attempt.claimed.v1': true,
    'attempt.extended.v1': true,
    'attempt.fetched.v1': true,
    'attempt.rendered.v1': true,
    'attempt.planned.v1': true,
    'attempt.inventory-recorded.v1': true,
    'attempt.inventory-settled.v1': true,
    'attempt.applied.v1': true,
    'attempt.progressing.v1': true,
    'attempt.healthy.v1': true,
    'attempt.pruned.v1': true,
    'attempt.lapsed.v1': true,
    'attempt.ended.v1': true,
  },
};
