import { readProfile, type ProfileView } from '#deployments/contract';
import { beyondForm, profileForm, profileManifest } from './profile-form.ts';

const view: ProfileView = {
  id: 'profile-1',
  name: 'production',
  cluster: 'eu-prod',
  provider: 'aws',
  region: 'eu-west-1',
  tier: 'standard',
  protected: true,
  apps: 2,
  revision: 3,
  createdAt: '2026-11-02T08:00:00Z',
  description: 'Applications that customers use',
  settings: ['availabilityTier'],
};

describe('profileForm', () => {
  it('keeps what a profile was given, and nothing that it has by default', () => {
    const read = readProfile(profileManifest(profileForm(view)));
    expect(read.ok && read.value).toEqual({
      profileName: 'production',
      clusterName: 'eu-prod',
      availabilityTier: 'standard',
      protected: true,
      description: 'Applications that customers use',
    });
    expect(profileForm({ ...view, protected: false, description: null, settings: ['the only cluster'] })).toEqual({
      profileName: 'production',
      protected: false,
    });
  });
});

describe('beyondForm', () => {
  it('names the settings that the form would lose', () => {
    expect(beyondForm(view)).toEqual([]);
    const settings = ['availabilityTier', 'resources', 'defaults.port', 'cloudProvider aws'];
    expect(beyondForm({ settings })).toEqual(['resources', 'defaults.port', 'cloudProvider aws']);
  });
});
