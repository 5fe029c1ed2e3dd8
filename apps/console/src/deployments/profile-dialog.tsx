import { Checkbox, NativeSelect, Text, TextInput } from '@mantine/core';
import {
  applyProfileRequest,
  listClustersRequest,
  listTiersRequest,
  profileSpecSchema,
  type ProfileView,
} from '#deployments/contract';
import { useState } from 'react';
import { stringify } from 'yaml';
import { commandFor } from '../shared/command-line.ts';
import { useContractForm } from '../shared/form.ts';
import { FormDialog } from '../shared/form-dialog.tsx';
import { useAllPages, useContract } from '../shared/queries.ts';
import { toast } from '../shared/toast.ts';
import { Changes } from '../shared/what-would-change.tsx';
import { profileForm, profileManifest, type ProfileForm } from './profile-form.ts';

/** Creates a profile, or changes one. */
export default function ProfileDialog({
  org,
  profile,
  onClose,
}: {
  readonly org: string;
  /** Absent: a new one. */
  readonly profile?: ProfileView;
  readonly onClose: () => void;
}) {
  const [before] = useState(profile);
  const form = useContractForm(applyProfileRequest, before ? profileForm(before) : {}, {
    schema: profileSpecSchema,
    inputOf: (spec: ProfileForm) => ({ org, name: spec.profileName ?? '', manifest: spec }),
    hasPreview: true,
    ifMatch: before?.revision ?? 0,
  });
  const clusters = useAllPages(listClustersRequest, { org });
  const tiers = useContract(listTiersRequest, {});
  const { profileName = '', clusterName, availabilityTier, protected: isProtected = false } = form.values;
  const manifest = stringify(profileManifest(form.values), { version: '1.1', lineWidth: 0 });
  return (
    <FormDialog
      title={before ? `Change ${before.name}` : 'Create profile'}
      verb={before ? 'Change profile' : 'Create profile'}
      command={`${commandFor({ org }, 'app', 'profile', 'apply', '-f', '-')} <<'EOF'\n${manifest}EOF`}
      form={form}
      preview={({ profile: after, outcome }) =>
        before === undefined && outcome !== 'created' ? (
          <Text c="var(--astro-bad)">A profile with this name exists already. Use another name.</Text>
        ) : (
          <>
            <Changes
              pairs={[
                ['Cluster', before?.cluster, after.cluster],
                ['Tier', before?.tier, after.tier],
                ['Protected', before && yes(before.protected), yes(after.protected)],
                ['Description', before && (before.description ?? '–'), after.description ?? '–'],
              ]}
            />
            {before !== undefined && before.apps > 0 && outcome === 'configured' && (
              <Text>
                {before.apps === 1 ? 'One application uses' : `${before.apps} applications use`} the profile. Another
                tier takes effect at the next apply, and protection at once.
              </Text>
            )}
          </>
        )
      }
      isAllowed={({ outcome }) => (before === undefined ? outcome === 'created' : outcome !== 'unchanged')}
      onDone={() => toast(`Profile ${profileName} is ${before ? 'changed' : 'created'}.`)}
      onClose={onClose}
    >
      {before === undefined && (
        <TextInput
          label="Name"
          description="Lower-case letters, digits, and hyphens. It cannot change later."
          placeholder="production"
          required
          autoComplete="off"
          {...form.text('profileName')}
          data-autofocus
        />
      )}
      <NativeSelect
        label="Cluster"
        description="Where its applications run. It cannot change while applications use the profile."
        value={clusterName ?? ''}
        onChange={({ currentTarget }) => form.set({ clusterName: currentTarget.value })}
        data={[
          { value: '', label: 'The only cluster' },
          ...clusters.items.map(({ name }) => ({ value: name, label: name })),
        ]}
        error={form.errorOf('clusterName')}
      />
      <NativeSelect
        label="Tier"
        description="Default replicas, resources, and priority of pods."
        value={availabilityTier ?? ''}
        onChange={({ currentTarget }) => form.set({ availabilityTier: currentTarget.value })}
        data={[
          { value: '', label: 'The tier of the plan' },
          ...(tiers.data?.items ?? []).map(({ tier }) => ({ value: tier, label: tier })),
        ]}
        error={form.errorOf('availabilityTier')}
      />
      <Checkbox
        label="Protected: only admins and owners change its applications"
        checked={isProtected}
        onChange={({ currentTarget }) => form.set({ protected: currentTarget.checked })}
        error={form.errorOf('protected')}
      />
      <TextInput label="Description" autoComplete="off" {...form.text('description')} />
    </FormDialog>
  );
}

const yes = (is: boolean): string => (is ? 'yes' : 'no');
