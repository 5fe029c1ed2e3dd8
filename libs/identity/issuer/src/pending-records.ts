import type { Clock } from '#kernel';
import { LRUCache } from 'lru-cache';
import type { AdapterPayload } from 'oidc-provider';

/** Kinds of records that exist before a login. */
const KINDS_WITHOUT_ACCOUNT: ReadonlySet<string> = new Set(['Session', 'Interaction', 'DeviceCode']);
/** Maximum number of records of each kind. The least recently used ones are discarded. */
const MAX_RECORDS = 20_000;
/** Maximum lifetime, which no login exceeds. */
const MAX_LIFETIME_MS = 2 * 3_600_000;

export type IndexKind = 'user-code' | 'uid';

/**
 * State of logins without an account. Bounded and in memory only, so that an anonymous client cannot store anything.
 * When an account is known, the record is stored in the vault.
 */
class PendingRecords {
  private readonly records: LRUCache<string, AdapterPayload>;
  private readonly indexes: LRUCache<string, string>;

  constructor(clock: Clock) {
    const bounds = {
      max: MAX_RECORDS,
      ttlResolution: 0,
      ttl: MAX_LIFETIME_MS,
      perf: { now: () => clock.monotonic() },
    };
    this.records = new LRUCache(bounds);
    this.indexes = new LRUCache(bounds);
  }

  get(idDigest: string): AdapterPayload | undefined {
    return this.records.get(idDigest);
  }

  find(kind: IndexKind, value: string): AdapterPayload | undefined {
    const idDigest = this.indexes.get(`${kind} ${value}`);
    return idDigest === undefined ? undefined : this.records.get(idDigest);
  }

  put(idDigest: string, payload: AdapterPayload, livesMs: number): void {
    const ttl = Math.min(livesMs, MAX_LIFETIME_MS);
    this.records.set(idDigest, payload, { ttl });
    if (payload.userCode) this.indexes.set(`user-code ${payload.userCode}`, idDigest, { ttl });
    if (payload.uid) this.indexes.set(`uid ${payload.uid}`, idDigest, { ttl });
  }

  /**
   * Deletes a record.
   *
   * @returns whether it existed
   */
  delete(idDigest: string): boolean {
    return this.records.delete(idDigest);
  }
}

/**
 * Returns the records without an account of one model. Models that only exist for an account have none: the memory for
 * them is reserved at the start.
 */
export const pendingRecords = (model: string, clock: Clock): PendingRecords | undefined =>
  KINDS_WITHOUT_ACCOUNT.has(model) ? new PendingRecords(clock) : undefined;

/** Returns whether a record has no account yet. */
export const isPending = ({ accountId, session, result }: AdapterPayload): boolean =>
  accountId === undefined && session?.accountId === undefined && result?.login?.accountId === undefined;
