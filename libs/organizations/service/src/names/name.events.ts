import type { EventFamily, Fact } from '#kernel';

/** What is claimed: once each, over all organizations. */
export type NameKind = 'name' | 'slug' | 'default';

/** A new organization, whole: what is left of its creation after a crash is done from this. */
export interface OrganizationDraft {
  readonly organizationId: string;
  readonly name: string;
  readonly slug: string;
  readonly ownerId: string;
  readonly isDefault: boolean;
}

/**
 * Streams: `names-name-<digest of the normalized display name>`, `names-slug-<slug>`, `names-default-<user id>`.
 * A name is claimed with the id of its organization before that organization's own stream begins.
 */
export type NameEvent =
  | Fact<
      'name.claimed.v1',
      {
        readonly kind: NameKind;
        readonly organizationId: string;
        /** What the name is claimed for; absent of slugs and default organizations. */
        readonly founding?: OrganizationDraft;
      }
    >
  | Fact<'name.released.v1', { readonly kind: NameKind; readonly organizationId: string }>;

export type NameClaimed = Extract<NameEvent, { readonly type: 'name.claimed.v1' }>;

export const nameEvents: EventFamily<NameEvent> = {
  categories: ['names-name', 'names-slug', 'names-default'],
  types: { 'name.claimed.v1': true, 'name.released.v1': true },
};

/** The user whose default organization a `names-default-…` stream is about. */
export const defaultOwnerOf = (stream: string): string => stream.slice('names-default-'.length);
