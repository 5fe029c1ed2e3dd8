import { Alert, Button, List, Stack, Text } from '@mantine/core';
import { getOrganizationRequest, type OrganizationView } from '#organizations/contract';
import { useState } from 'react';
import { KeyValue } from '../shared/key-value.tsx';
import { Loaded, Section } from '../shared/page.tsx';
import { useOrg } from '../shared/params.ts';
import { useRevised } from '../shared/queries.ts';
import { useRights } from '../shared/rights.ts';
import { SettingsPage } from '../shared/settings-page.tsx';
import { Time } from '../shared/time.tsx';
import { DeleteOrganizationDialog } from './delete-organization-dialog.tsx';
import { SettingsForm } from './settings-form.tsx';

export default function GeneralPage() {
  const org = useOrg();
  const organization = useRevised(getOrganizationRequest, { org });
  const { can } = useRights(org);
  return (
    <SettingsPage
      title="General"
      sentence={can('organization.change') ? undefined : 'To change these settings, ask an owner.'}
    >
      <Loaded query={organization} title="The settings cannot be shown">
        {({ value, revision }) => (
          <>
            {value.deletion && <Deletion deletion={value.deletion} />}
            <SettingsForm
              org={org}
              organization={value}
              revision={revision}
              onReload={() => void organization.refetch()}
            />
            <KeyValue
              pairs={[
                ['ID', value.id],
                ['Created', <Time key="created" at={value.createdAt} />],
              ]}
            />
            <Danger org={org} organization={value} isAllowed={can('organization.delete')} />
          </>
        )}
      </Loaded>
    </SettingsPage>
  );
}

/** A deletion in progress, and what it waits for. */
function Deletion({ deletion }: { readonly deletion: NonNullable<OrganizationView['deletion']> }) {
  return (
    <Alert
      color="red"
      variant="outline"
      role="status"
      title="The organization is being deleted"
      styles={{ message: { color: 'inherit' } }}
    >
      <Text>{deletion.reason}</Text>
      {deletion.fix !== null && <Text>To fix it: {deletion.fix}.</Text>}
      <List size="sm">
        {deletion.waits.map(({ application, reason }) => (
          <List.Item key={application}>
            {application}: {reason}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}

function Danger({
  org,
  organization,
  isAllowed,
}: {
  readonly org: string;
  readonly organization: OrganizationView;
  readonly isAllowed: boolean;
}) {
  const [isOpen, setOpen] = useState(false);
  if (organization.status === 'DELETING') return null;
  return (
    <Section title="Delete organization">
      <Stack align="flex-start" gap="sm">
        <Text c="dimmed">
          Its keys end at once, then its members lose access. It cannot be undone.
          {!isAllowed && ' Only an owner can delete it.'}
        </Text>
        <Button
          variant="default"
          {...(isAllowed && { c: 'var(--astro-bad)' })}
          disabled={!isAllowed}
          onClick={() => setOpen(true)}
        >
          Delete organization
        </Button>
      </Stack>
      {isOpen && <DeleteOrganizationDialog org={org} slug={organization.slug} onClose={() => setOpen(false)} />}
    </Section>
  );
}
