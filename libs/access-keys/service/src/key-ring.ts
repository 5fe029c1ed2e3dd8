import type { AccessKeyCreated } from '#access';
import { assertNever } from '#kernel';
import type { KeyLimits, KeyRingEvent } from './key-ring.events.ts';

export interface ActiveKey {
  readonly created: AccessKeyCreated;
  /**
   * Milliseconds since 1970 from which the key is rejected: its expiry or, after a rotation, the end of the grace
   * period. Infinity if the key does not expire.
   */
  readonly expiresAtMs: number;
  /** The key that replaced this one, which then no longer counts against the plan. */
  readonly replacedBy?: string;
  /** Whether its owner was told by e-mail that it ends soon. */
  readonly isExpiryAnnounced: boolean;
}

/** State that decisions need: the keys that are not revoked, oldest first. Leaving out revoked keys keeps it small. */
export interface KeyRing {
  readonly keys: ReadonlyMap<string, ActiveKey>;
  /** Absent until billing has set limits: then the defaults of a new organization apply. */
  readonly limits: KeyLimits | undefined;
}

export const initialState: KeyRing = { keys: new Map(), limits: undefined };

export function evolve(state: KeyRing, event: KeyRingEvent): KeyRing {
  switch (event.type) {
    case 'access-key.created.v1': {
      const { keyId, expiresAt } = event.data;
      const expiresAtMs = expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
      return {
        ...state,
        keys: new Map(state.keys).set(keyId, { created: event.data, expiresAtMs, isExpiryAnnounced: false }),
      };
    }
    case 'access-key.revoked.v1': {
      const keys = new Map(state.keys);
      keys.delete(event.data.keyId);
      return { ...state, keys };
    }
    case 'access-key.rotated.v1': {
      const { keyId, replacedBy, worksUntil } = event.data;
      const key = state.keys.get(keyId);
      if (key === undefined) return state;
      const expiresAtMs = Math.min(key.expiresAtMs, Date.parse(worksUntil));
      return { ...state, keys: new Map(state.keys).set(keyId, { ...key, expiresAtMs, replacedBy }) };
    }
    case 'access-keys.limits-set.v1':
      return { ...state, limits: event.data };
    case 'access-key.expiry-announced.v1': {
      const key = state.keys.get(event.data.keyId);
      return key
        ? { ...state, keys: new Map(state.keys).set(event.data.keyId, { ...key, isExpiryAnnounced: true }) }
        : state;
    }
    default:
      return assertNever(event);
  }
}

/** Returns the number of keys that count against the plan at `nowMs`. A key and the one that replaced it count once. */
export const countedKeys = ({ keys }: KeyRing, nowMs: number): number =>
  [...keys.values()].filter(
    ({ created, expiresAtMs, replacedBy }) =>
      created.source !== 'login' && replacedBy === undefined && nowMs < expiresAtMs,
  ).length;
