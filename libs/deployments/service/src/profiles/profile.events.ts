import type { EventFamily, Fact } from '#kernel';

export interface ProfileContent {
  readonly name: string;
  readonly clusterId: string;
  readonly clusterName: string;
  /** Absent: the default of the plan at the time of a deployment. */
  readonly tier: string | null;
  readonly protected: boolean;
  readonly description: string | null;
  /** Vault record with the whole profile: defaults may hold values of variables and files. */
  readonly record: string;
  /** SHA-256 of the canonical profile. */
  readonly digest: string;
  /** The same of everything but its defaults. */
  readonly frameDigest: string;
  /** Settings in words: names of variables and files, never what is in them. */
  readonly settings: readonly string[];
}

/** Stream: `profile-<profile id>`. */
export type ProfileEvent =
  | Fact<'profile.created.v1', ProfileContent>
  | Fact<'profile.changed.v1', ProfileContent & { readonly revision: number }>
  | Fact<'profile.deleted.v1', Record<never, never>>;

export const profileEvents: EventFamily<ProfileEvent> = {
  categories: ['profile'],
  types: { 'profile.created.v1': true, 'profile.changed.v1': true, 'profile.deleted.v1': true },
};
