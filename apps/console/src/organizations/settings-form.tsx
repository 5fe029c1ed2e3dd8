import { Button, Checkbox, Group, Stack, TextInput } from '@mantine/core';
import { changeOrganizationRequest, type OrganizationView } from '#organizations/contract';
import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { commandLine, flagOf } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { ProblemError } from '../shared/platform.ts';
import { Problem } from '../shared/problem.tsx';
import { useCommand } from '../shared/queries.ts';
import { useRights } from '../shared/rights.ts';
import { toast } from '../shared/toast.ts';
import { changeOf, settingsOf, settingWords, type GeneralSettings, type SettingsChange } from './settings-change.ts';

/** Name, slug, and settings. Only what was changed is sent, and only if nobody else has changed it since. */
export function SettingsForm({
  org,
  organization,
  revision,
  onReload,
}: {
  readonly org: string;
  readonly organization: OrganizationView;
  readonly revision: number | undefined;
  readonly onReload: () => void;
}) {
  const [base, setBase] = useState({ settings: settingsOf(organization), revision });
  const [values, setValues] = useState(base.settings);
  const command = useCommand(changeOrganizationRequest);
  const navigate = useNavigate();
  const change = changeOf(base.settings, values);
  const reset = () => {
    const settings = settingsOf(organization);
    setBase({ settings, revision });
    setValues(settings);
  };
  const isStale = revision !== undefined && revision > (base.revision ?? -1);
  if (isStale && change === undefined)
    reset(); // nothing was typed that could be lost
  else if (isStale && changeOf(base.settings, settingsOf(organization)) === undefined) setBase({ ...base, revision }); // something else of the organization was changed, such as its members
  const isAllowed = useRights(org).can('organization.change') && organization.status === 'ACTIVE';
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!change) return;
    const reply = await command.run({ org, ...change }, base.revision === undefined ? {} : { ifMatch: base.revision });
    if (!reply) return onReload();
    const settings = settingsOf(reply.value);
    setBase({ settings, revision: reply.meta.revision });
    setValues(settings);
    toast('The settings are saved.');
    if (reply.value.slug !== organization.slug)
      void navigate({ to: `/o/${reply.value.slug}/settings/general`, replace: true });
  };
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack maw={560}>
        <Fields
          values={values}
          onChange={(some) => setValues((before) => ({ ...before, ...some }))}
          isDisabled={!isAllowed}
          error={command.error}
        />
        {command.error && <Problem error={command.error} />}
        {change && <CopyCommand command={commandOf(org, base.settings, change)} />}
        <Group>
          <Button type="submit" disabled={!isAllowed || !change} loading={command.isPending}>
            Save settings
          </Button>
          {change && (
            <Button variant="default" onClick={reset}>
              {isStale ? 'Discard changes and show the present settings' : 'Discard changes'}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}

function Fields({
  values,
  onChange,
  isDisabled,
  error,
}: {
  readonly values: GeneralSettings;
  readonly onChange: (some: Partial<GeneralSettings>) => void;
  readonly isDisabled: boolean;
  readonly error: Error | null;
}) {
  const errorAt = (at: string) =>
    error instanceof ProblemError ? error.problem.errors?.find(({ pointer }) => pointer === at)?.message : undefined;
  const text = (field: 'name' | 'slug' | 'contact' | 'keyExpiry', pointer: string) => ({
    value: values[field],
    onChange: (event: { readonly currentTarget: { readonly value: string } }) =>
      onChange({ [field]: event.currentTarget.value }),
    error: errorAt(pointer),
    disabled: isDisabled,
    autoComplete: 'off',
  });
  return (
    <>
      <TextInput label="Name" {...text('name', '/name')} required />
      <TextInput
        label="Slug"
        description="Part of addresses and of default namespaces. It can change only while there are no applications."
        {...text('slug', '/slug')}
        required
      />
      <TextInput
        label="Contact"
        description="E-mail address or URL, for questions of members. Empty: none."
        {...text('contact', '/settings/contact')}
      />
      <TextInput
        label="Expiry of new API keys"
        description="A duration such as 90d or 12h, or never. Empty: the longest that the plan allows."
        {...text('keyExpiry', '/settings/keyExpiry')}
      />
      <Checkbox
        label="Viewers can read logs of applications"
        checked={values.viewersReadLogs}
        disabled={isDisabled}
        onChange={(event) => onChange({ viewersReadLogs: event.currentTarget.checked })}
      />
      <Checkbox
        label="Revoke leaked API keys"
        description="A key that is found in a URL is revoked at once."
        checked={values.revokeLeakedKeys}
        disabled={isDisabled}
        onChange={(event) => onChange({ revokeLeakedKeys: event.currentTarget.checked })}
      />
    </>
  );
}

/** Returns the commands that make the same change. */
function commandOf(org: string, before: GeneralSettings, change: SettingsChange): string {
  const isRenamed = change.name !== undefined || change.slug !== undefined;
  const words = settingWords(change);
  return [
    ...(isRenamed
      ? [commandLine('org', 'rename', change.name ?? before.name, ...flagOf('--slug', change.slug), '--org', org)]
      : []),
    ...(words.length > 0 ? [commandLine('org', 'set', ...words, '--org', change.slug ?? org)] : []),
  ].join(' && ');
}
