import type { DirectoryFact } from '#access';
import type { EventFamily, Fact } from '#kernel';

/**
 * Everything that can happen to the access keys of one organization. Stream: `keys-<organization id>`, one for all of
 * them, because it owns what is counted. A key's text is in no event: its digest is.
 */
export type KeyRingEvent =
  Extract<DirectoryFact, { readonly type: `access-key.${string}` }> | Fact<'access-keys.limits-set.v1', KeyLimits>;

export interface KeyLimits {
  /** Keys that are neither revoked nor expired, those made by login not counted. */
  readonly activeKeys: number;
  /** Longest life of a key in days; `null` is unlimited. */
  readonly lifetimeDays: number | null;
}

export const keyRingEvents: EventFamily<KeyRingEvent> = {
  categories: ['keys'],
  types: { 'access-key.created.v1': true, 'access-key.revoked.v1': true, 'access-keys.limits-set.v1': true },
};

export const keyRingStream = (organizationId: string): string => `keys-${organizationId}`;
