import type { EventFamily, Fact } from '#kernel';

/**
 * Which keys of an organization have leaked. Stream: `leaked-keys-<organization id>`, apart from the keys themselves, whose
 * events give rights: an earlier release that does not know these passes over them.
 */
export type LeakedKeyEvent = Fact<'access-key.leaked.v1', { readonly keyId: string; readonly where: 'url' | 'report' }>;

export const leakedKeyEvents: EventFamily<LeakedKeyEvent> = {
  categories: ['leaked-keys'],
  types: { 'access-key.leaked.v1': true },
};

export const leakedKeysStream = (organizationId: string): string => `leaked-keys-${organizationId}`;
