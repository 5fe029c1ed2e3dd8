import { Stack, Text } from '@mantine/core';
import { replayRequest, type ReplayedObject } from '#audit/contract';
import { getOrganizationRequest, listMembersRequest } from '#organizations/contract';
import { useState } from 'react';
import { useAddress } from '../shared/address.ts';
import { browserClock } from '../shared/browser.ts';
import { commandLine, flagOf } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { KeyValue } from '../shared/key-value.tsx';
import { Loaded, Section } from '../shared/page.tsx';
import { Problem } from '../shared/problem.tsx';
import { useAllPages, useContract, useItems } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { StatusDot } from '../shared/status.tsx';
import { Time } from '../shared/time.tsx';
import { TimeTravelBar } from '../shared/time-travel-bar.tsx';
import { keyState, ofKind, textOf } from './replayed.ts';
import type { Moment } from './use-moment.ts';
import { useSteps } from './use-steps.ts';

interface Props {
  readonly org: string;
  /** The time as the address has it; undefined: now. */
  readonly at: string | undefined;
  readonly moment: Moment;
}

/** The organization as it was at a time: everything that the log says of it. */
export function StateView({ org, at, moment }: Props) {
  const state = useItems(replayRequest, { org, ...(at !== undefined && { until: at }) });
  return (
    <Stack gap="lg">
      <Bar org={org} at={at} moment={moment} />
      <CopyCommand command={commandLine('audit', 'replay', ...flagOf('--until', at))} />
      {moment.error && <Problem error={moment.error} title="This time cannot be shown" />}
      <Members org={org} at={at} />
      <Loaded query={state} title="The state cannot be shown">
        {(objects) => <Objects objects={objects} timeMs={Date.parse(moment.data?.time ?? '') || browserClock.now()} />}
      </Loaded>
    </Stack>
  );
}

/** The time that is shown, and the steps around it. */
export function Bar({ org, at, moment }: Props) {
  const [, setAddress] = useAddress();
  const organization = useContract(getOrganizationRequest, { org });
  const [nowMs] = useState(browserClock.now);
  const time = moment.data?.time;
  const steps = useSteps(org, time);
  if (!organization.data) return null;
  const startMs = Date.parse(organization.data.createdAt);
  return (
    <TimeTravelBar
      startMs={startMs}
      nowMs={nowMs}
      atMs={at === undefined || time === undefined ? undefined : Date.parse(time)}
      {...steps}
      onAt={(next) => setAddress({ at: next })}
    />
  );
}

function Members({ org, at }: { readonly org: string; readonly at: string | undefined }) {
  const members = useAllPages(listMembersRequest, { org, ...(at !== undefined && { asOf: at }) });
  return (
    <Section title="Members">
      <ResourceTable
        label="members"
        list={members}
        keyOf={({ id }) => id}
        columns={[
          { id: 'who', title: 'Member', cell: ({ email, name, id }) => email ?? name ?? id },
          { id: 'role', title: 'Role', cell: ({ role }) => role },
          { id: 'kind', title: 'Kind', cell: ({ kind }) => kind, isWide: true },
          { id: 'audit', title: 'Right audit', cell: ({ audit }) => (audit ? 'yes' : 'no'), isWide: true },
          { id: 'since', title: 'Since', cell: ({ since }) => <Time at={since} />, isWide: true },
        ]}
        empty={<Text c="dimmed">There were no members.</Text>}
      />
    </Section>
  );
}

type Values = ReturnType<typeof ofKind>[number];

const text = (id: string, title: string, isWide = false): Column<Values> => ({
  id,
  title,
  cell: (value) => textOf(value[id]) || '–',
  isWide,
});
const time = (id: string, title: string): Column<Values> => ({
  id,
  title,
  cell: (value) => <Time at={textOf(value[id]) || null} />,
  isWide: true,
});
const status = (id: string): Column<Values> => ({
  id,
  title: 'State',
  cell: (value) => <StatusDot state={textOf(value[id])} />,
});

function Objects({ objects, timeMs }: { readonly objects: readonly ReplayedObject[]; readonly timeMs: number }) {
  const [organization] = ofKind(objects, 'organization');
  const [subscription] = ofKind(objects, 'subscription');
  const applications = new Map(
    ofKind(objects, 'application').map((value) => [textOf(value['id']), textOf(value['name'])]),
  );
  const revisions = ofKind(objects, 'revision').map((value) => ({
    ...value,
    application: applications.get(textOf(value['applicationId'])) ?? 'deleted application',
  }));
  const list = (title: string, items: readonly Values[], columns: readonly Column<Values>[]) => (
    <Section title={`${title} (${items.length})`}>
      {items.length === 0 ? (
        <Text c="dimmed">None at that time.</Text>
      ) : (
        <ResourceTable
          label={title.toLowerCase()}
          list={{ items, isPending: false, error: null }}
          columns={columns}
          keyOf={(value) => textOf(value['id'])}
          empty={null}
        />
      )}
    </Section>
  );
  return (
    <>
      <Section title="Organization">
        {organization ? (
          <KeyValue
            pairs={[
              ['Name', textOf(organization['name'])],
              ['Slug', textOf(organization['slug'])],
              ['Status', textOf(organization['status'])],
              ['Plan', textOf(subscription?.['plan'])],
              ['Settings', textOf(organization['settings'])],
            ]}
          />
        ) : (
          <Text c="dimmed">The organization did not exist at that time.</Text>
        )}
      </Section>
      {list('Applications', ofKind(objects, 'application'), [
        text('name', 'Name'),
        status('status'),
        text('revision', 'Revision'),
        text('profile', 'Profile', true),
        text('cluster', 'Cluster', true),
        text('source', 'Source', true),
      ])}
      {list('Revisions', revisions, [
        text('application', 'Application'),
        text('revision', 'Revision'),
        text('state', 'State'),
        text('source', 'Source', true),
        time('when', 'When'),
      ])}
      {list(
        'Access keys',
        ofKind(objects, 'access-key').map((key) => ({ ...key, state: keyState(key, timeMs) })),
        [
          text('name', 'Name'),
          status('state'),
          text('role', 'Role'),
          text('masked', 'Key', true),
          time('expiresAt', 'Expires'),
        ],
      )}
      {list('Invitations', ofKind(objects, 'invitation'), [
        text('email', 'E-mail'),
        text('role', 'Role'),
        time('expiresAt', 'Expires'),
      ])}
      {list('Profiles', ofKind(objects, 'profile'), [
        text('name', 'Name'),
        text('cluster', 'Cluster'),
        text('tier', 'Tier', true),
        text('protected', 'Protected', true),
      ])}
      {list('Clusters', ofKind(objects, 'cluster'), [
        text('name', 'Name'),
        status('state'),
        text('type', 'Type', true),
        text('region', 'Region', true),
      ])}
    </>
  );
}
