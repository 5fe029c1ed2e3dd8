import type { EventFamily, Fact } from '#kernel';

/** An object with a name in the catalog of an organization. */
interface NamedObject {
  readonly kind: 'application' | 'profile' | 'cluster';
  readonly name: string;
  readonly id: string;
}

/**
 * Events that other contexts may read from the log: names of objects, the profile of each application, which profiles are
 * protected, and who received a kubeconfig. They contain more; these are the parts that stay.
 */
export type ObjectFact =
  /** `refers`: the ID of an application's profile, or of a profile's cluster. Stream: `catalog-<organization id>`. */
  | Fact<
      'catalog.name-claimed.v1',
      NamedObject & {
        readonly refers: string | null;
        readonly intent: { readonly name: string; readonly protected?: boolean };
      }
    >
  | Fact<'catalog.reference-changed.v1', NamedObject & { readonly refers: string }>
  | Fact<'catalog.name-released.v1', NamedObject>
  /** Stream: `profile-<profile id>`. */
  | Fact<'profile.created.v1', { readonly protected: boolean }>
  | Fact<'profile.changed.v1', { readonly protected: boolean }>
  /** Stream: `cluster-<cluster id>`. */
  | Fact<
      'cluster.kubeconfig-issued.v1',
      { readonly memberId: string; readonly access: 'cluster' | 'edit' | 'view'; readonly expiresAt: string }
    >
  | Fact<'cluster.access-ended.v1', { readonly memberId: string }>
  | Fact<'cluster.deleted.v1', Record<never, never>>;

/** The streams also contain other types, which readers skip. */
export const objectEvents: EventFamily<ObjectFact> = {
  categories: ['catalog', 'profile', 'cluster'],
  types: {
    'catalog.name-claimed.v1': true,
    'catalog.reference-changed.v1': true,
    'catalog.name-released.v1': true,
    'profile.created.v1': true,
    'profile.changed.v1': true,
    'cluster.kubeconfig-issued.v1': true,
    'cluster.access-ended.v1': true,
    'cluster.deleted.v1': true,
  },
};
