import type { CallerInputOf } from '#bus/contract';
import type { changeOrganizationRequest, OrganizationView } from '#organizations/contract';

/** Fields of the general settings, as they are typed. */
export interface GeneralSettings {
  readonly name: string;
  readonly slug: string;
  readonly contact: string;
  readonly keyExpiry: string;
  readonly viewersReadLogs: boolean;
  readonly revokeLeakedKeys: boolean;
}

export type SettingsChange = Omit<CallerInputOf<typeof changeOrganizationRequest>, 'org'>;

export const settingsOf = ({ name, slug, settings }: OrganizationView): GeneralSettings => ({
  name,
  slug,
  contact: settings.contact ?? '',
  keyExpiry: settings.keyExpiry ?? '',
  viewersReadLogs: settings.viewersReadLogs,
  revokeLeakedKeys: settings.revokeLeakedKeys,
});

/** Returns the fields that differ; an empty text restores a default. Undefined: nothing differs. */
export function changeOf(before: GeneralSettings, after: GeneralSettings): SettingsChange | undefined {
  const settings = {
    ...(after.contact !== before.contact && { contact: after.contact === '' ? null : after.contact }),
    ...(after.keyExpiry !== before.keyExpiry && { keyExpiry: after.keyExpiry === '' ? null : after.keyExpiry }),
    ...(after.viewersReadLogs !== before.viewersReadLogs && { viewersReadLogs: after.viewersReadLogs }),
    ...(after.revokeLeakedKeys !== before.revokeLeakedKeys && { revokeLeakedKeys: after.revokeLeakedKeys }),
  };
  const change = {
    ...(after.name !== before.name && { name: after.name }),
    ...(after.slug !== before.slug && { slug: after.slug }),
    ...(Object.keys(settings).length > 0 && { settings }),
  };
  return Object.keys(change).length === 0 ? undefined : change;
}

/** Returns the words of `astroctl org set` for a change of settings; empty if it has none. */
export const settingWords = ({ settings = {} }: SettingsChange): readonly string[] =>
  Object.entries(settings).map(([key, value]) =>
    typeof value === 'boolean' ? `${key}=${value ? 'yes' : 'no'}` : `${key}=${value ?? ''}`,
  );
