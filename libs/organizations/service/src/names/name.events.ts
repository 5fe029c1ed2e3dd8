import type { OrganizationSettings } from '#access';
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

/** What an organization can rename. */
export type RenamedKind = 'name' | 'slug';

/** A claim that holds: the revision of its event tells it from later claims of the same name. */
export interface ClaimedName {
  readonly kind: RenamedKind;
  readonly name: string;
  readonly revision: number;
}

/** Another name or slug of an organization, whole: what is left of the change after a crash is done from this. */
export interface OrganizationChange {
  readonly organizationId: string;
  readonly name: string;
  readonly slug: string;
  readonly from: { readonly name: string; readonly slug: string };
  readonly settings: Partial<OrganizationSettings>;
  /** Claims of the names that it has until then: released in the end. */
  readonly former: readonly ClaimedName[];
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
        /** The organization that is created with the name. */
        readonly founding?: OrganizationDraft;
        /** The change of an organization that begins with this claim. */
        readonly change?: OrganizationChange;
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
