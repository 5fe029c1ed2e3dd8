import { ok, type Decider } from '#kernel';
import { leakedKeyEvents, type LeakedKeyEvent } from './leaked-key.events.ts';

/** IDs of flagged keys. */
type LeakedKeys = ReadonlySet<string>;

interface FlagLeakedKey {
  readonly type: 'flag-leaked-key';
  readonly keyId: string;
  readonly where: 'url' | 'report';
}

/** Flags a leaked key once, however often it is found. */
export const leakedKeysDecider: Decider<LeakedKeys, FlagLeakedKey, LeakedKeyEvent, never> = {
  events: leakedKeyEvents,
  initialState: new Set(),
  evolve: (flagged, { data }) => new Set(flagged).add(data.keyId),
  decide: ({ keyId, where }, flagged) =>
    ok(flagged.has(keyId) ? [] : [{ type: 'access-key.leaked.v1', data: { keyId, where } }]),
};
