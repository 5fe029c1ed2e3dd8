import type { EventFamily, Fact } from '#kernel';
import type { ClusterRegistration, Configuration, ProfileContent } from './beginnings.ts';

/** Kinds of objects that have a name in the catalog. */
export type NamedKind = 'application' | 'profile' | 'cluster';

/** Identifies an object by kind, name and id. */
export interface Named {
  readonly kind: NamedKind;
  readonly name: string;
  readonly id: string;
}

/** Limits of a plan. */
export interface CatalogLimits {
  readonly applications: number;
  readonly profiles: number;
  readonly clusters: number;
  readonly deploymentsPerDay: number;
}

/** False for objects that the platform creates, which no limit of a plan counts. */
interface Counted {
  readonly counted: boolean;
}

/** A new object. `refers`: the profile of an application, or the cluster of a profile. */
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
 * Names of an organization's objects, and counts of its use. Stream: `catalog-<organization id>`. An object exists from
 * `name-claimed` on. `intent` is the beginning of its own stream, so that a creation that crashed between the two can
 * be completed.
 */
export type CatalogEvent =
  | Fact<'catalog.name-claimed.v1', NewName>
  /** The next application with this name gets this id: its secrets are already set. */
  | Fact<'catalog.name-prepared.v1', Named & { readonly kind: 'application' }>
  | Fact<'catalog.reference-changed.v1', Named & { readonly refers: string }>
  /** References to the object are rejected from here on; its own stream ends next. */
  | Fact<'catalog.name-retiring.v1', Named>
  | Fact<'catalog.name-released.v1', Named>
  /** `day` is a UTC date, such as `2026-11-24`. */
  | Fact<'catalog.deployment-counted.v1', { readonly applicationId: string; readonly day: string }>
  | Fact<'catalog.limits-set.v1', CatalogLimits>;

export const catalogEvents: EventFamily<CatalogEvent> = {
  categories: ['catalog'],
  types: {
    'catalog.name-claimed.v1': true,
    'catalog.name-prepared.v1': true,
    'catalog.reference-changed.v1': true,
    'catalog.name-retiring.v1': true,
    'catalog.name-released.v1': true,
    'catalog.deployment-counted.v1': true,
    'catalog.limits-set.v1': true,
  },
};
