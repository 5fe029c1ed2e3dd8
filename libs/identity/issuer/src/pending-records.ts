import type { Clock } from '#kernel';
import { LRUCache } from 'lru-cache';
import type { AdapterPayload } from 'oidc-provider';

/** What may begin before anybody has logged in. */
const BEGINS_WITHOUT_ACCOUNT: ReadonlySet<string> = new Set(['Session', 'Interaction', 'DeviceCode']);
/** Of each of these, at most; the ones that were not looked at longest go first. */
const RECORDS_AT_MOST = 20_000;
/** Nobody takes longer to log in. */
const LONGEST_MS = 2 * 3_600_000;

export type IndexKind = 'user-code' | 'uid';

/**
 * State of logins that nobody has acted on: in memory, bounded, and gone with the process, so that whoever has no
 * account can store nothing. Once an account is named, the record belongs into the vault.
 */
export class PendingRecords {
  private readonly records: LRUCache<string, AdapterPayload>;
  private readonly indexes: LRUCache<string, string>;

  constructor(clock: Clock) {
    const bounds = {
      max: RECORDS_AT_MOST,
      ttlResolution: 0,
      ttl: LONGEST_MS,
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
    const ttl = Math.min(livesMs, LONGEST_MS);
    this.records.set(idDigest, payload, { ttl });
    if (payload.userCode) this.indexes.set(`user-code ${payload.userCode}`, idDigest, { ttl });
    if (payload.uid) this.indexes.set(`uid ${payload.uid}`, idDigest, { ttl });
  }

  /** @returns whether there was one */
  delete(idDigest: string): boolean {
    return this.records.delete(idDigest);
  }
}

/** Whether a record of this kind names no account yet. */
export function isPending(model: string, { accountId, session, result }: AdapterPayload): boolean {
  const isNamed = accountId !== undefined || session?.accountId !== undefined || result?.login?.accountId !== undefined;
  return BEGINS_WITHOUT_ACCOUNT.has(model) && !isNamed;
}
