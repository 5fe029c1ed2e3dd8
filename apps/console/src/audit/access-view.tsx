import { Button, Code, Group, Paper, Select, Stack, Text, TextInput } from '@mantine/core';
import { PERMISSION_NAMES, PERMISSIONS, type Permission } from '#access';
import { canRequest, explainAccessRequest, wayText, whoCanRequest, type AccessWay } from '#audit/contract';
import { useState, type FormEvent } from 'react';
import { useAddress } from '../shared/address.ts';
import { commandLine, flagOf } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Loaded, Section } from '../shared/page.tsx';
import { useAllPages, useContract } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { Time } from '../shared/time.tsx';
import { Bar } from './state-view.tsx';
import type { Moment } from './use-moment.ts';

const ASKED = PERMISSION_NAMES.filter((name) => PERMISSIONS[name].scope === 'organization');

interface Question {
  readonly org: string;
  readonly permission: Permission;
  readonly object?: string;
  readonly asOf?: string;
}

/** Who had a permission at a time or during an interval, in which ways, and by which events. */
export function AccessView({
  org,
  at,
  moment,
}: {
  readonly org: string;
  readonly at: string | undefined;
  readonly moment: Moment;
}) {
  const [{ permission: named, object, user, during }] = useAddress();
  const permission = ASKED.find((name) => name === named) ?? 'application.deploy';
  const about = { org, permission, ...(object !== undefined && { object }) };
  const question = { ...about, ...(at !== undefined && { asOf: at }) };
  return (
    <Stack gap="lg">
      <Bar org={org} at={at} moment={moment} />
      <QuestionForm key={`${permission} ${object} ${user} ${during}`} permission={permission} />
      <You question={question} />
      {user === undefined ? (
        <Everybody
          question={during === undefined ? question : { ...about, during }}
          command={commandLine('access', 'who-can', permission, object ?? false, ...when(at, during))}
        />
      ) : (
        <Somebody question={question} user={user} />
      )}
    </Stack>
  );
}

const when = (at: string | undefined, during: string | undefined): readonly string[] =>
  during === undefined ? flagOf('--as-of', at) : flagOf('--during', during);

function QuestionForm({ permission }: { readonly permission: Permission }) {
  const [address, setAddress] = useAddress();
  const [draft, setDraft] = useState({
    permission,
    object: address['object'],
    user: address['user'],
    during: address['during'],
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAddress({
      permission: draft.permission,
      object: draft.object?.trim() || undefined,
      user: draft.user?.trim() || undefined,
      during: draft.during?.trim() || undefined,
    });
  };
  const text = (name: 'object' | 'user' | 'during', label: string, placeholder: string) => (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={draft[name] ?? ''}
      onChange={({ currentTarget: { value } }) => setDraft((before) => ({ ...before, [name]: value }))}
      style={{ flex: '1 1 12rem' }}
    />
  );
  return (
    <Paper withBorder p="md">
      <form onSubmit={submit} aria-label="Question about access">
        <Group gap="sm" align="flex-end">
          <Select
            label="Permission"
            data={[...ASKED]}
            value={draft.permission}
            onChange={(value) => {
              const chosen = ASKED.find((name) => name === value);
              if (chosen) setDraft((before) => ({ ...before, permission: chosen }));
            }}
            searchable
            allowDeselect={false}
            style={{ flex: '1 1 14rem' }}
          />
          {text('object', 'On', 'application/web, profile/production')}
          {text('user', 'Who', 'everybody')}
          {text('during', 'During', '2026-11-01..2026-12-01')}
          <Button type="submit" variant="default">
            Show who can
          </Button>
        </Group>
        <Text size="xs" c="dimmed" mt="xs">
          {PERMISSIONS[draft.permission].covers}
        </Text>
      </form>
    </Paper>
  );
}

function You({ question }: { readonly question: Question }) {
  const can = useContract(canRequest, question);
  if (!can.data) return null;
  const { allowed, way, detail, time } = can.data;
  return (
    <Text role="status">
      At {time}, you {allowed ? 'had' : 'did not have'} {question.permission}
      {way ? `: ${wayText(way, '–')}.` : '.'} {detail}
    </Text>
  );
}

function Everybody({
  question,
  command,
}: {
  readonly question: Question & { readonly during?: string };
  readonly command: string;
}) {
  const ways = useAllPages(whoCanRequest, question);
  return (
    <Section title={`Who had ${question.permission}`}>
      <CopyCommand command={command} />
      <Ways list={ways} permission={question.permission} />
    </Section>
  );
}

function Somebody({ question, user }: { readonly question: Question; readonly user: string }) {
  const explained = useContract(explainAccessRequest, { ...question, user });
  const { permission, object, asOf } = question;
  return (
    <Section title={`Access of ${user}`}>
      <CopyCommand
        command={commandLine(
          'access',
          'explain',
          permission,
          object ?? false,
          '--user',
          user,
          ...flagOf('--as-of', asOf),
        )}
      />
      <Loaded query={explained} title="The access cannot be explained">
        {({ allowed, detail, grantedTo, ways }) => (
          <Stack gap="sm">
            <Text>
              {allowed ? 'Allowed.' : 'Not allowed.'} {detail} It is granted to {grantedTo.join(', ')}.
            </Text>
            <Ways list={{ items: ways, isPending: false, error: null }} permission={permission} />
          </Stack>
        )}
      </Loaded>
    </Section>
  );
}

const COLUMNS: readonly Column<AccessWay>[] = [
  { id: 'who', title: 'Who', cell: ({ email, name, user }) => email ?? name ?? user },
  { id: 'how', title: 'How', cell: (way) => wayText(way, '–') },
  { id: 'from', title: 'From', cell: ({ from }) => <Time at={from} />, isWide: true },
  { id: 'to', title: 'To', cell: ({ to }) => <Time at={to} absent="no known end" />, isWide: true },
  {
    id: 'grant',
    title: 'Granted by',
    cell: ({ grant }) =>
      grant ? (
        <>
          {grant.type.replace(/\.v\d+$/, '')} by {grant.actorEmail ?? grant.actor}, <Time at={grant.recordedAt} />{' '}
          <Code>{grant.id.slice(0, 8)}</Code>
        </>
      ) : (
        '–'
      ),
  },
];

function Ways({
  list,
  permission,
}: {
  readonly list: Parameters<typeof ResourceTable<AccessWay>>[0]['list'];
  readonly permission: string;
}) {
  return (
    <ResourceTable
      label="ways of access"
      list={list}
      columns={COLUMNS}
      keyOf={({ user, way, keyId, cluster, from }) => `${user} ${way} ${keyId} ${cluster} ${from}`}
      empty={<Text>Nobody had {permission}.</Text>}
    />
  );
}
