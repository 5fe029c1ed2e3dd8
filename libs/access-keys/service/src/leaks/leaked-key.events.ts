import type { EventFamily, Fact } from '#kernel';

/**
 * Which keys of an organization have leaked. Stream: `leaked-keys-<organization id>`. This is not the stream of the
 * keys, whose events grant rights, so that an earlier release that does not have this type can ignore it.
 */
export type LeakedKeyEvent = Fact<'access-key.leaked.v1', { readonly keyId: string; readonly where: 'url' | 'report' }>;

export const leakedKeyEvents: EventFamily<LeakedKeyEvent> = {
  categories: ['leaked-keys'],
  types: { 'access-key.leaked.v1': true },
};

export const leakedKeysStream = (organizationId: string): string => `leaked-keys-${organizationId}`;
