import { Anchor, Button, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { createOrganizationRequest, listOrganizationsRequest, type OrganizationView } from '#organizations/contract';
import type { FormEvent } from 'react';
import { useAddress } from '../shared/address.ts';
import { commandLine, flagOf } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { EmptyState } from '../shared/empty-state.tsx';
import { useContractForm } from '../shared/form.ts';
import { Problem } from '../shared/problem.tsx';
import { useAllPages } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { StatusDot } from '../shared/status.tsx';
import { Time } from '../shared/time.tsx';
import { toast } from '../shared/toast.ts';
import { AdminPage } from './admin-page.tsx';

const COLUMNS: readonly Column<OrganizationView>[] = [
  {
    id: 'name',
    title: 'Name',
    value: ({ name }) => name,
    cell: ({ name, slug }) => (
      <Anchor component={Link} to={`/o/${slug}`} fw={600}>
        {name}
      </Anchor>
    ),
  },
  {
    id: 'slug',
    title: 'Slug',
    value: ({ slug }) => slug,
    cell: ({ slug }) => <Text ff="monospace">{slug}</Text>,
    isWide: true,
  },
  { id: 'status', title: 'Status', value: ({ status }) => status, cell: ({ status }) => <StatusDot state={status} /> },
  { id: 'plan', title: 'Plan', value: ({ plan }) => plan, cell: ({ plan }) => plan },
  {
    id: 'members',
    title: 'Members',
    value: ({ members }) => members,
    cell: ({ members, memberLimit }) => `${members} of ${memberLimit}`,
    isWide: true,
  },
  {
    id: 'role',
    title: 'Your role',
    value: ({ role }) => role ?? '',
    cell: ({ role }) => role ?? 'none',
    isWide: true,
  },
  {
    id: 'created',
    title: 'Created',
    value: ({ createdAt }) => createdAt,
    cell: ({ createdAt }) => <Time at={createdAt} />,
    isWide: true,
  },
];

export default function OrganizationsPage() {
  const [{ create }, setAddress] = useAddress();
  return (
    <AdminPage
      title="All organizations"
      sentence="Every organization of this platform. You can open each of them as a global admin; what you change there is in its audit log."
      action={
        <Button onClick={() => setAddress({ create: 'true' })} disabled={create !== undefined}>
          New organization
        </Button>
      }
    >
      {create !== undefined && <CreateOrganization onClose={() => setAddress({ create: undefined })} />}
      <Organizations />
    </AdminPage>
  );
}

function Organizations() {
  const organizations = useAllPages(listOrganizationsRequest, { all: true });
  const [state, setAddress] = useAddress();
  const navigate = useNavigate();
  return (
    <>
      <ResourceTable
        label="organizations"
        list={organizations}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        state={state}
        onState={({ q, sort }) => setAddress({ q, sort })}
        onOpen={({ slug }) => void navigate({ to: `/o/${slug}` })}
        empty={
          <EmptyState title="No organizations yet" command='astroctl org create "Acme Inc" --slug acme'>
            Each person gets an organization at the first login. Global admins create others.
          </EmptyState>
        }
      />
      <CopyCommand command="astroctl org list --all" />
    </>
  );
}

function CreateOrganization({ onClose }: { readonly onClose: () => void }) {
  const form = useContractForm(createOrganizationRequest, {});
  const { name, slug, owner } = form.values;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const reply = await form.submit();
    if (!reply) return;
    toast(
      <>
        {reply.value.name} created.{' '}
        <Anchor component={Link} to={`/o/${reply.value.slug}`} inherit>
          Open it
        </Anchor>
      </>,
    );
    onClose();
  };
  return (
    <Paper withBorder p="lg">
      <form onSubmit={(event) => void submit(event)} aria-label="New organization" noValidate>
        <Stack>
          <TextInput
            label="Name"
            description="Shown everywhere, such as Acme Inc"
            required
            {...form.text('name')}
            data-autofocus
          />
          <TextInput
            label="Slug"
            description="Short name in addresses and commands; empty: derived from the name"
            {...form.text('slug')}
          />
          <TextInput
            label="Owner"
            description="E-mail address or ID of somebody who has logged in before; empty: you"
            {...form.text('owner')}
          />
          <CopyCommand
            command={commandLine(
              'org',
              'create',
              name ?? 'NAME',
              ...flagOf('--slug', slug),
              ...flagOf('--owner', owner),
            )}
          />
          {form.error && <Problem error={form.error} title="The organization was not created" />}
          <Group>
            <Button type="submit" loading={form.isPending}>
              Create organization
            </Button>
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
          </Group>
        </Stack>
      </form>
    </Paper>
  );
}
