import type { Bus } from '#bus';
import { keepClientAddressRequest } from '#identity/contract';
import { withTimeout, type Clock } from '#kernel';
import { LRUCache } from 'lru-cache';

const MAX_RECORDS = 50_000;
/** Milliseconds that a request waits for a record that is not cached yet. */
const WAIT_MS = 250;
/** Milliseconds after a failure for which no request asks identity again. */
const PAUSE_MS = 10_000;

/**
 * Returns the ID of the record that holds a person's address; undefined if identity does not respond in time. Never
 * rejects.
 */
export type AddressRecords = (userId: string, address: string) => Promise<string | undefined>;

/**
 * Creates a cached lookup of address records, for the gateway: identity is asked once for each person and address, and
 * while it does not respond, only once in 10 s.
 */
export function createAddressRecords({ bus, clock }: { readonly bus: Bus; readonly clock: Clock }): AddressRecords {
  const records = new LRUCache<string, { readonly id: string | undefined }>({ max: MAX_RECORDS });
  const pending = new Map<string, Promise<string | undefined>>();
  let pausedUntilMs = 0;

  async function fetchRecord(userId: string, address: string, name: string): Promise<string | undefined> {
    try {
      const found = await bus.request(keepClientAddressRequest, { userId, address }, bus.own({}));
      if (found.ok) {
        const id = found.value.id ?? undefined;
        records.set(name, { id });
        return id;
      }
    } catch {
      // like an error: the request continues without the record
    }
    pausedUntilMs = clock.monotonic() + PAUSE_MS;
    return undefined;
  }

  return async (userId, address) => {
    const name = `${userId} ${address}`;
    const known = records.get(name);
    if (known) return known.id;
    if (clock.monotonic() < pausedUntilMs) return undefined;
    const running = pending.get(name) ?? fetchRecord(userId, address, name).finally(() => pending.delete(name));
    pending.set(name, running);
    return withTimeout(clock, WAIT_MS, running, () => undefined);
  };
}
