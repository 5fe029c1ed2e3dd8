import { Button, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { listEgressRequest, setEgressRequest, type EgressEntry } from '#deployments/contract';
import { useState, type FormEvent } from 'react';
import { useAddress } from '../shared/address.ts';
import { commandLine } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Confirm } from '../shared/confirm.tsx';
import { EmptyState } from '../shared/empty-state.tsx';
import { useContractForm } from '../shared/form.ts';
import { Problem } from '../shared/problem.tsx';
import { useAllPages } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { Time } from '../shared/time.tsx';
import { toast } from '../shared/toast.ts';
import { AdminPage } from './admin-page.tsx';

const columns = (withdraw: (entry: string) => void): readonly Column<EgressEntry>[] => [
  {
    id: 'entry',
    title: 'Address or network',
    value: ({ entry }) => entry,
    cell: ({ entry }) => <Text ff="monospace">{entry}</Text>,
  },
  {
    id: 'source',
    title: 'Allowed by',
    value: ({ source, by }) => `${source} ${by ?? ''}`,
    cell: ({ source, by }) => (source === 'setting' ? 'setting ASTRO_EGRESS_ALLOW' : (by ?? 'a global admin')),
  },
  {
    id: 'since',
    title: 'Since',
    value: ({ since }) => since ?? '',
    cell: ({ since }) => <Time at={since} />,
    isWide: true,
  },
  {
    id: 'actions',
    title: 'Actions',
    cell: ({ source, entry }) =>
      source === 'admin' ? (
        <Button size="xs" variant="default" onClick={() => withdraw(entry)} aria-label={`Withdraw ${entry}`}>
          Withdraw
        </Button>
      ) : (
        <Text size="xs" c="dimmed">
          change the setting, and restart
        </Text>
      ),
  },
];

export default function EgressPage() {
  return (
    <AdminPage
      title="Egress"
      sentence="Private and loopback addresses that the platform may connect to: clusters, git hosts, and registries. Public addresses need no entry."
    >
      <AllowAddress />
      <Entries />
    </AdminPage>
  );
}

function AllowAddress() {
  const form = useContractForm(setEgressRequest, { allowed: true });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const reply = await form.submit();
    if (!reply) return;
    toast(`${reply.value.entry} allowed.`);
    form.set({ entry: undefined });
  };
  return (
    <Paper withBorder p="lg">
      <form onSubmit={(event) => void submit(event)} aria-label="Allow address" noValidate>
        <Stack gap="sm">
          <Group align="flex-end" gap="sm">
            <TextInput
              label="Address or network"
              description="host:port, or a CIDR such as 10.4.0.0/16"
              {...form.text('entry')}
              onChange={({ currentTarget }) => form.set({ entry: currentTarget.value.trim() })}
              style={{ flex: '1 1 16rem' }}
            />
            <Button type="submit" loading={form.isPending}>
              Allow address
            </Button>
          </Group>
          <CopyCommand command={commandLine('admin', 'egress', 'allow', form.values.entry ?? '10.4.0.0/16')} />
          {form.error && <Problem error={form.error} title="The address was not allowed" />}
        </Stack>
      </form>
    </Paper>
  );
}

function Entries() {
  const entries = useAllPages(listEgressRequest, {});
  const [state, setAddress] = useAddress();
  const [withdrawn, setWithdrawn] = useState<string>();
  return (
    <>
      <ResourceTable
        label="allowed addresses"
        list={entries}
        columns={columns(setWithdrawn)}
        keyOf={({ source, entry }) => `${source} ${entry}`}
        state={state}
        onState={({ q, sort }) => setAddress({ q, sort })}
        empty={
          <EmptyState title="No private address is allowed" command="astroctl admin egress allow 10.4.0.0/16">
            The platform connects to public addresses only. Allow the networks of your clusters, git hosts, and
            registries.
          </EmptyState>
        }
      />
      {withdrawn !== undefined && <Withdraw entry={withdrawn} onClose={() => setWithdrawn(undefined)} />}
    </>
  );
}

function Withdraw({ entry, onClose }: { readonly entry: string; readonly onClose: () => void }) {
  return (
    <Confirm
      title={`Withdraw ${entry}`}
      verb="Withdraw address"
      contract={setEgressRequest}
      input={{ entry, allowed: false }}
      command={['admin', 'egress', 'deny', entry]}
      onDone={() => toast(`${entry} withdrawn.`)}
      onClose={onClose}
    >
      <Text>
        The platform no longer connects to {entry}. Clusters, git hosts, and registries that have no other address there
        become unreachable.
      </Text>
    </Confirm>
  );
}
