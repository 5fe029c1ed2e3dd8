import type { InventoryEntry } from '#deployments/contract';
import { assertNever } from '#kernel';
import type { AttemptEvent, AttemptOutcome } from './attempt.events.ts';

/** An attempt as its application asked for it and saw it end. */
export interface Attempt {
  readonly id: string;
  readonly number: number;
  readonly revision: number;
  readonly kind: 'deploy' | 'delete';
  readonly orphan: boolean;
  readonly state: 'open' | 'succeeded' | 'failed' | 'superseded' | 'abandoned';
}

export interface Claim {
  readonly number: number;
  readonly worker: string;
  readonly incarnation: string;
  readonly leaseUntilMs: number;
}

/** One try to bring a revision onto its cluster, as far as its claims and its inventory go. */
export interface AttemptWork {
  readonly status: 'unclaimed' | 'claimed' | 'lapsed' | 'ended';
  readonly claim: Claim | undefined;
  readonly plan: { readonly rendered: string; readonly digest: string } | undefined;
  readonly inventory: readonly InventoryEntry[];
  readonly settled: boolean;
  readonly outcome: AttemptOutcome | undefined;
}

/** An attempt with what was done on it. */
export interface AttemptRecord {
  readonly attempt: Attempt;
  readonly work: AttemptWork;
}

export const unclaimed: AttemptWork = {
  status: 'unclaimed',
  claim: undefined,
  plan: undefined,
  inventory: [],
  settled: false,
  outcome: undefined,
};

export const objectKey = ({ group, kind, namespace, name }: InventoryEntry): string =>
  `${group}/${kind}/${namespace}/${name}`;

/** Both lists, each object once; a UID that is known is kept. */
export function mergeInventory(before: readonly InventoryEntry[], more: readonly InventoryEntry[]): InventoryEntry[] {
  const merged = new Map(before.map((entry) => [objectKey(entry), entry]));
  for (const entry of more) {
    const known = merged.get(objectKey(entry));
    merged.set(objectKey(entry), known && entry.uid === null ? known : entry);
  }
  return [...merged.values()];
}

export function evolveAttempt(work: AttemptWork, event: AttemptEvent): AttemptWork {
  switch (event.type) {
    case 'attempt.claimed.v1': {
      const { claim, worker, incarnation, leaseUntilMs } = event.data;
      return { ...work, status: 'claimed', claim: { number: claim, worker, incarnation, leaseUntilMs } };
    }
    case 'attempt.planned.v1':
      return extended(
        { ...work, plan: { rendered: event.data.rendered, digest: event.data.digest } },
        event.data.leaseUntilMs,
      );
    case 'attempt.inventory-recorded.v1':
      return { ...work, inventory: mergeInventory(work.inventory, event.data.entries) };
    case 'attempt.inventory-settled.v1':
      return { ...work, inventory: [], settled: true };
    case 'attempt.extended.v1':
    case 'attempt.fetched.v1':
    case 'attempt.rendered.v1':
    case 'attempt.applied.v1':
    case 'attempt.progressing.v1':
    case 'attempt.healthy.v1':
    case 'attempt.pruned.v1':
      return extended(work, event.data.leaseUntilMs);
    case 'attempt.lapsed.v1':
      return { ...work, status: 'lapsed' };
    case 'attempt.ended.v1':
      return { ...work, status: 'ended', outcome: event.data.outcome };
    default:
      return assertNever(event);
  }
}

const extended = (work: AttemptWork, leaseUntilMs: number): AttemptWork =>
  work.claim
    ? { ...work, claim: { ...work.claim, leaseUntilMs: Math.max(leaseUntilMs, work.claim.leaseUntilMs) } }
    : work;

/** All that earlier attempts may have put onto the cluster since the last one that settled. */
export const inventoryOf = (works: readonly AttemptRecord[]): readonly InventoryEntry[] =>
  works.reduce<readonly InventoryEntry[]>(
    (entries, { work }) => (work.settled ? [...work.inventory] : mergeInventory(entries, work.inventory)),
    [],
  );
