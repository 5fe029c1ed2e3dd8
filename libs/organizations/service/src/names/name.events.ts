import type { OrganizationSettings } from '#access';
import type { EventFamily, Fact } from '#kernel';

/** Kinds of names. Each name is unique across all organizations. */
export type NameKind = 'name' | 'slug' | 'default';

/** A new organization, with everything that is needed to complete its creation after a crash. */
export interface OrganizationDraft {
  readonly organizationId: string;
  readonly name: string;
  readonly slug: string;
  readonly ownerId: string;
  readonly isDefault: boolean;
}

/** Kinds of names that an organization can change. */
export type RenamedKind = 'name' | 'slug';

/** A claim of a name. The revision of its event distinguishes it from later claims of the same name. */
export interface ClaimedName {
  readonly kind: RenamedKind;
  readonly name: string;
  readonly revision: number;
}

/** A change of an organization, with everything that is needed to complete it after a crash. */
export interface OrganizationChange {
  readonly organizationId: string;
  readonly name: string;
  readonly slug: string;
  readonly from: { readonly name: string; readonly slug: string };
  readonly settings: Partial<OrganizationSettings>;
  /** Claims of the names before the change, released when it is complete. */
  readonly former: readonly ClaimedName[];
}

/**
 * Events of the streams `names-name-<digest of the normalized display name>`, `names-slug-<slug>`, and
 * `names-default-<user id>`. A name is claimed with the ID of its organization before that organization's stream
 * starts.
 */
export type NameEvent =
  | Fact<
      'name.claimed.v1',
      {
        readonly kind: NameKind;
        readonly organizationId: string;
        /** The organization whose creation starts with this claim. */
        readonly founding?: OrganizationDraft;
        /** The change of an organization that starts with this claim. */
        readonly change?: OrganizationChange;
      }
    >
  | Fact<'name.released.v1', { readonly kind: NameKind; readonly organizationId: string }>;

export type NameClaimed = Extract<NameEvent, { readonly type: 'name.claimed.v1' }>;

/** The events that this context writes to the streams of names. */
export const nameEvents: EventFamily<NameEvent> = {
  categories: ['names-name', 'names-slug', 'names-default'],
  types: { 'name.claimed.v1': true, 'name.released.v1': true },
};

/** Returns the user ID from the name of a `names-default-<user id>` stream. */
export const defaultOwnerOf = (stream: string): string => stream.slice('names-default-'.length);
