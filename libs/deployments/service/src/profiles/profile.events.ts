import type { EventFamily, Fact } from '#kernel';
import type { ProfileContent } from '../catalog/beginnings.ts';

/** Stream: `profile-<profile id>`. */
export type ProfileEvent =
  | Fact<'profile.created.v1', ProfileContent>
  | Fact<'profile.changed.v1', ProfileContent & { readonly revision: number }>
  | Fact<'profile.deleted.v1', Record<never, never>>;

export const profileEvents: EventFamily<ProfileEvent> = {
  categories: ['profile'],
  types: { 'profile.created.v1': true, 'profile.changed.v1': true, 'profile.deleted.v1': true },
};
