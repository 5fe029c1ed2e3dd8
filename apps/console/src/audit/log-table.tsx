import { Anchor, Box, Code, Group, Stack, Table, Text, UnstyledButton } from '@mantine/core';
import { ChevronDownIcon, ChevronRightIcon } from '@primer/octicons-react';
import { Link } from '@tanstack/react-router';
import { explainAccessRequest, type AuditEntry } from '#audit/contract';
import { PERMISSION_NAMES } from '#access';
import { sequenceOf, type Position } from '#kernel';
import { Fragment } from 'react';
import { useAddress } from '../shared/address.ts';
import { commandFor } from '../shared/command-line.ts';
import { CopyCommand, CopyIconButton } from '../shared/copy-command.tsx';
import { KeyValue } from '../shared/key-value.tsx';
import { useContract } from '../shared/queries.ts';
import { Time } from '../shared/time.tsx';
import { sameRequest } from './log-filters.ts';

/** Entries of the log. One of them can be open; the address says which. */
export function LogTable({ org, entries }: { readonly org: string; readonly entries: readonly AuditEntry[] }) {
  const [{ entry: open }, setAddress] = useAddress();
  return (
    <Box tabIndex={0} role="region" aria-label="Entries of the audit log" style={{ overflowX: 'auto' }}>
      <Table layout="fixed" horizontalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col" w={150}>
              Time
            </Table.Th>
            <Table.Th scope="col">What</Table.Th>
            <Table.Th scope="col" visibleFrom="sm">
              Who
            </Table.Th>
            <Table.Th scope="col" visibleFrom="sm" w={140}>
              Right
            </Table.Th>
            <Table.Th scope="col" w={104}>
              Result
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => {
            const isOpen = entry.eventId === open;
            return (
              <Fragment key={entry.eventId}>
                <Row
                  entry={entry}
                  isOpen={isOpen}
                  onToggle={() => setAddress({ entry: isOpen ? undefined : entry.eventId })}
                />
                {isOpen && (
                  <Table.Tr>
                    <Table.Td colSpan={5} id={`entry-${entry.eventId}`}>
                      <Details org={org} entry={entry} />
                    </Table.Td>
                  </Table.Tr>
                )}
              </Fragment>
            );
          })}
        </Table.Tbody>
      </Table>
    </Box>
  );
}

function Row({
  entry,
  isOpen,
  onToggle,
}: {
  readonly entry: AuditEntry;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}) {
  const { eventId, time, action, object, who, right, result, count } = entry;
  return (
    <Table.Tr>
      <Table.Td>
        <Time at={time} />
      </Table.Td>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>
        <UnstyledButton
          onClick={onToggle}
          aria-expanded={isOpen}
          {...(isOpen && { 'aria-controls': `entry-${eventId}` })}
        >
          <Group gap={4} wrap="nowrap" align="flex-start">
            <span aria-hidden="true">{isOpen ? <ChevronDownIcon /> : <ChevronRightIcon />}</span>
            <span>
              <Text component="span" fw={600}>
                {action}
              </Text>{' '}
              {object}
            </span>
          </Group>
        </UnstyledButton>
        <Text size="xs" c="dimmed" hiddenFrom="sm">
          {who}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="sm" style={{ overflowWrap: 'anywhere' }}>
        {who}
      </Table.Td>
      <Table.Td visibleFrom="sm">{right ?? '–'}</Table.Td>
      <Table.Td>
        {result === 'refused' ? (
          <Text component="span" c="var(--astro-bad)">
            <span aria-hidden="true">▲ </span>refused{count > 1 ? ` × ${count}` : ''}
          </Text>
        ) : (
          `done${count > 1 ? ` × ${count}` : ''}`
        )}
      </Table.Td>
    </Table.Tr>
  );
}

/** Everything that an entry says. */
function Details({ org, entry }: { readonly org: string; readonly entry: AuditEntry }) {
  const sequence = sequenceOf(entry.position as Position);
  const { credential, keyId } = entry;
  return (
    <Stack gap="sm" p="xs">
      <Text>{entry.message}</Text>
      <KeyValue
        pairs={[
          ['Time', entry.time],
          ['Who', <Copied key="who" shown={entry.who} text={entry.whoId} label="Copy the ID of the actor" />],
          ['Credential', credential === 'key' ? `access key ${keyId ?? ''}` : credential],
          ['Right', entry.right],
          ['Permission', entry.permission],
          ['Granted by', entry.grantedBy === null ? null : <Grant key="grant" org={org} entry={entry} />],
          ['Object', entry.object],
          ['Object ID', entry.objectId],
          ['From', entry.address ?? entry.network],
          [
            'Request ID',
            <Group key="request" gap="xs">
              <Copied shown={entry.requestId} text={entry.requestId} label="Copy request ID" />
              <Anchor
                component={Link}
                to="."
                search={((before: object) => ({ ...before, ...sameRequest(entry) })) as never}
              >
                All entries of this request
              </Anchor>
            </Group>,
          ],
          ['Caused by event', entry.causedBy],
          ['Event', entry.eventId],
          ['Position', sequence],
        ]}
      />
      <Group gap="md">
        <Anchor
          component={Link}
          to="."
          search={((before: object) => ({ ...before, view: 'state', at: entry.time, entry: undefined })) as never}
        >
          Show the organization at this time
        </Anchor>
        <CopyCommand command={commandFor({ org }, 'audit', 'prove', String(sequence))} />
      </Group>
    </Stack>
  );
}

function Copied({ shown, text, label }: { readonly shown: string; readonly text: string; readonly label: string }) {
  return (
    <Group gap={4} wrap="nowrap" component="span">
      <span>{shown}</span>
      <CopyIconButton text={text} label={label} />
    </Group>
  );
}

/** Says which event granted the right, when, and who caused it. */
function Grant({ org, entry }: { readonly org: string; readonly entry: AuditEntry }) {
  const permission = PERMISSION_NAMES.find((name) => name === entry.permission);
  const explained = useContract(
    explainAccessRequest,
    { org, permission: permission ?? 'organization.read', user: entry.whoId, asOf: entry.position },
    { enabled: permission !== undefined && entry.right !== 'global-admin' },
  );
  const grant = explained.data?.ways.find((way) => way.grant?.id === entry.grantedBy)?.grant;
  return (
    <>
      {grant && (
        <>
          {grant.type.replace(/\.v\d+$/, '')} by {grant.actorEmail ?? grant.actor}, <Time at={grant.recordedAt} />:{' '}
        </>
      )}
      <Code>{entry.grantedBy}</Code>
    </>
  );
}
