import { Anchor, Stack, Table, Text } from '@mantine/core';
import { ApiStreamError } from '#api-client';
import { auditLogRequest, type AuditEntry } from '#audit/contract';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Loaded, Section } from '../shared/page.tsx';
import { client, ProblemError } from '../shared/platform.ts';
import { useRights } from '../shared/rights.ts';
import { Time } from '../shared/time.tsx';

const SHOWN = 8;

/** What was changed last in the organization, and by whom. */
export function RecentChanges({ org }: { readonly org: string }) {
  const rights = useRights(org);
  const mayRead = rights.can('audit.read');
  const changes = useRecentEntries(org, mayRead);
  return (
    <Section
      title="What changed"
      action={
        mayRead && (
          <Anchor component={Link} to={`/o/${org}/audit`}>
            Audit log
          </Anchor>
        )
      }
    >
      {mayRead ? (
        <Loaded query={changes} title="The changes cannot be shown">
          {(entries) => <Entries entries={entries} />}
        </Loaded>
      ) : (
        <Text c="dimmed">
          {rights.role === null
            ? ''
            : 'To see who changed what, ask an admin or owner for the right to read the audit log.'}
        </Text>
      )}
      {rights.role === 'editor' && <Text c="dimmed">Editors see their own actions.</Text>}
    </Section>
  );
}

function Entries({ entries }: { readonly entries: readonly AuditEntry[] }) {
  if (entries.length === 0) return <Text c="dimmed">Nothing yet.</Text>;
  return (
    <Stack gap={0} tabIndex={0} role="region" aria-label="Recent changes" style={{ overflowX: 'auto' }}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">When</Table.Th>
            <Table.Th scope="col">Who</Table.Th>
            <Table.Th scope="col">What</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map(({ eventId, time, who, action, object, message }) => (
            <Table.Tr key={eventId}>
              <Table.Td>
                <Time at={time} />
              </Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{who}</Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                <Text inherit component="span" fw={600}>
                  {action}
                </Text>{' '}
                {object}
                {message !== '' && (
                  <Text size="xs" c="dimmed">
                    {message}
                  </Text>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}

/** Reads the newest entries of the audit log about changes. */
function useRecentEntries(org: string, enabled: boolean): UseQueryResult<readonly AuditEntry[], ProblemError> {
  const input = { org, result: 'done', limit: SHOWN } as const;
  return useQuery<readonly AuditEntry[], ProblemError>({
    queryKey: [org, auditLogRequest.subject, input],
    enabled,
    queryFn: async ({ signal }) => {
      const entries: AuditEntry[] = [];
      try {
        for await (const item of client.stream(auditLogRequest, input, signal))
          if (!('next' in item)) entries.push(item);
      } catch (error) {
        if (error instanceof ApiStreamError) throw new ProblemError(error.error, error.status, error.requestId);
        throw error;
      }
      return entries;
    },
  });
}
