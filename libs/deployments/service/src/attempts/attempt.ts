import type { AdoptableObject, InventoryEntry } from '#deployments/contract';
import { assertNever } from '#kernel';
import type { AttemptEvent, AttemptOutcome } from './attempt.events.ts';

/** An attempt, as recorded in its application's stream. */
export interface Attempt {
  readonly id: string;
  readonly number: number;
  readonly revision: number;
  readonly kind: 'deploy' | 'delete';
  readonly orphan: boolean;
  /** RFC 3339 time, written to the pod template so that pods are replaced. */
  readonly restart?: string;
  /** Whether the attempt fails at the first failure instead of waiting for recovery. */
  readonly failFast?: true;
  /** Whether the attempt may delete most objects of the application. */
  readonly allowRemovals?: true;
  /** Whether a deletion runs no hooks. */
  readonly noHooks?: true;
  /** Objects that belong to no application and that the attempt may take over. */
  readonly adopt?: readonly AdoptableObject[];
  /** Objects that belong to no application and that made the attempt fail. */
  readonly adoptable?: readonly AdoptableObject[];
  /** Objects that the attempt would have deleted, as text. Set if it failed because these are most objects. */
  readonly removals?: string;
  /** Whether the attempt reverts changes of others to a revision that has succeeded. */
  readonly heals?: true;
  /** Whether the attempt waits before it may start. */
  readonly delayed?: true;
  readonly state: 'open' | 'succeeded' | 'failed' | 'superseded' | 'abandoned';
}

/** A worker's claim of an attempt. */
export interface Claim {
  readonly number: number;
  readonly worker: string;
  readonly incarnation: string;
  readonly leaseUntilMs: number;
}

/** Progress of an attempt to deploy a revision: its claims and its inventory. */
export interface AttemptProgress {
  readonly status: 'unclaimed' | 'claimed' | 'lapsed' | 'ended';
  readonly claim: Claim | undefined;
  readonly plan: { readonly rendered: string; readonly digest: string } | undefined;
  readonly inventory: readonly InventoryEntry[];
  /** Whether the inventory is complete, so that inventories of earlier attempts no longer count. */
  readonly replacesEarlier: boolean;
  readonly outcome: AttemptOutcome | undefined;
}

/** An attempt with its progress. */
export interface AttemptRecord {
  readonly attempt: Attempt;
  readonly progress: AttemptProgress;
}

/** Progress of an attempt that no worker has claimed. */
export const unclaimed: AttemptProgress = {
  status: 'unclaimed',
  claim: undefined,
  plan: undefined,
  inventory: [],
  replacesEarlier: false,
  outcome: undefined,
};

const objectKey = ({ group, kind, namespace, name }: InventoryEntry): string => `${group}/${kind}/${namespace}/${name}`;

/** Merges two lists. Each object is listed once, with its UID if known. */
export function mergeInventory(before: readonly InventoryEntry[], more: readonly InventoryEntry[]): InventoryEntry[] {
  const merged = new Map(before.map((entry) => [objectKey(entry), entry]));
  for (const entry of more) {
    const known = merged.get(objectKey(entry));
    merged.set(objectKey(entry), known && entry.uid === null ? known : entry);
  }
  return [...merged.values()];
}

/** Applies an event to the progress. */
export function evolveAttempt(progress: AttemptProgress, event: AttemptEvent): AttemptProgress {
  switch (event.type) {
    case 'attempt.claimed.v1': {
      const { claim, worker, incarnation, leaseUntilMs } = event.data;
      return { ...progress, status: 'claimed', claim: { number: claim, worker, incarnation, leaseUntilMs } };
    }
    case 'attempt.planned.v1':
      return extended(
        { ...progress, plan: { rendered: event.data.rendered, digest: event.data.digest } },
        event.data.leaseUntilMs,
      );
    case 'attempt.inventory-recorded.v1':
      return { ...progress, inventory: mergeInventory(progress.inventory, event.data.entries) };
    case 'attempt.inventory-settled.v1':
      return { ...progress, inventory: [], replacesEarlier: true };
    case 'attempt.extended.v1':
    case 'attempt.fetched.v1':
    case 'attempt.rendered.v1':
    case 'attempt.applied.v1':
    case 'attempt.progressing.v1':
    case 'attempt.healthy.v1':
    case 'attempt.pruned.v1':
      return extended(progress, event.data.leaseUntilMs);
    case 'attempt.lapsed.v1':
      return { ...progress, status: 'lapsed' };
    case 'attempt.ended.v1':
      return { ...progress, status: 'ended', outcome: event.data.outcome };
    default:
      return assertNever(event);
  }
}

const extended = (progress: AttemptProgress, leaseUntilMs: number): AttemptProgress =>
  progress.claim
    ? { ...progress, claim: { ...progress.claim, leaseUntilMs: Math.max(leaseUntilMs, progress.claim.leaseUntilMs) } }
    : progress;

/** Returns all objects that attempts since the last successful one may have put onto the cluster. */
export const inventoryOf = (records: readonly AttemptRecord[]): readonly InventoryEntry[] =>
  records.reduce<readonly InventoryEntry[]>(
    (entries, { progress }) =>
      progress.replacesEarlier ? [...progress.inventory] : mergeInventory(entries, progress.inventory),
    [],
  );
