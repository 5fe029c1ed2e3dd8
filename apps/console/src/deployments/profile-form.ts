import { API_VERSION, type ProfileView } from '#deployments/contract';

/** What the form of a profile asks for. Absent fields are left out of the manifest, so that their defaults apply. */
export interface ProfileForm {
  readonly profileName?: string;
  readonly clusterName?: string;
  readonly availabilityTier?: string;
  readonly protected?: boolean;
  readonly description?: string;
}

/** Settings that the form has. Others are only in the manifest of the profile, which the platform does not return. */
const KNOWN = ['availabilityTier', 'the only cluster'];

/** Returns the settings of a profile that the form would lose. */
export const beyondForm = ({ settings }: Pick<ProfileView, 'settings'>): readonly string[] =>
  settings.filter((setting) => !KNOWN.includes(setting));

export const profileForm = (view: ProfileView): ProfileForm => ({
  profileName: view.name,
  ...(!view.settings.includes('the only cluster') && { clusterName: view.cluster }),
  ...(view.settings.includes('availabilityTier') && { availabilityTier: view.tier }),
  protected: view.protected,
  ...(view.description !== null && { description: view.description }),
});

/** Returns the manifest of what was typed. */
export const profileManifest = (spec: ProfileForm): object => ({
  apiVersion: API_VERSION,
  kind: 'ApplicationProfile',
  metadata: { name: spec.profileName ?? '' },
  spec,
});
