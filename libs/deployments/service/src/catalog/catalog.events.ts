import type { EventFamily, Fact } from '#kernel';
import type { ClusterRegistration, Configuration, ProfileContent } from './beginnings.ts';

export type NamedKind = 'application' | 'profile' | 'cluster';

export interface Named {
  readonly kind: NamedKind;
  readonly name: string;
  readonly id: string;
}

export interface CatalogLimits {
  readonly applications: number;
  readonly profiles: number;
  readonly clusters: number;
  readonly deploymentsPerDay: number;
}

/** False for what the platform makes itself: it is in no plan's limit. */
interface Counted {
  readonly counted: boolean;
}

/** An object at its beginning. `refers`: the profile of an application, the cluster of a profile. */
export type NewName = Named &
  Counted &
  (
    | {
        readonly kind: 'application';
        readonly refers: string;
        readonly intent: Configuration;
        readonly namedNamespace: boolean;
      }
    | { readonly kind: 'profile'; readonly refers: string; readonly intent: ProfileContent }
    | { readonly kind: 'cluster'; readonly refers: null; readonly intent: ClusterRegistration }
  );

/**
 * What an organization has, by name, and how much of it. Stream: `catalog-<organization id>`. From `name-claimed` on the
 * object exists; `intent` is what its own stream is to begin with, so that a crash between the two can be finished.
 */
export type CatalogEvent =
  | Fact<'catalog.name-claimed.v1', NewName>
  | Fact<'catalog.reference-changed.v1', Named & { readonly refers: string }>
  /** Nothing may refer to it any more; its own stream ends next. */
  | Fact<'catalog.name-retiring.v1', Named>
  | Fact<'catalog.name-released.v1', Named>
  /** `day` is the UTC date, `2026-11-24`. */
  | Fact<'catalog.deployment-counted.v1', { readonly applicationId: string; readonly day: string }>
  | Fact<'catalog.limits-set.v1', CatalogLimits>;

export const catalogEvents: EventFamily<CatalogEvent> = {
  categories: ['catalog'],
  types: {
    'catalog.name-claimed.v1': true,
    'catalog.reference-changed.v1': true,
    'catalog.name-retiring.v1': true,
    'catalog.name-released.v1': true,
    'catalog.deployment-counted.v1': true,
    'catalog.limits-set.v1': true,
  },
};
