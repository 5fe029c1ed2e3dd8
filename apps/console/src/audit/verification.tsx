import { Button, Code, Group, Stack, Text } from '@mantine/core';
import { listAuditKeysRequest, verifyAuditRequest } from '#audit/contract';
import { useState } from 'react';
import { commandFor } from '../shared/command-line.ts';
import { CopyCommand, CopyIconButton } from '../shared/copy-command.tsx';
import { EmptyState } from '../shared/empty-state.tsx';
import { KeyValue } from '../shared/key-value.tsx';
import { Loaded, Section } from '../shared/page.tsx';
import { useAllPages, useContract } from '../shared/queries.ts';
import { ResourceTable } from '../shared/resource-table.tsx';
import { StatusDot } from '../shared/status.tsx';
import { Time } from '../shared/time.tsx';

/** Verifies that the log is what was recorded, and lists the keys with which anybody can do so. */
export function Verification({ org }: { readonly org: string }) {
  const [isAsked, setAsked] = useState(false);
  const verified = useContract(verifyAuditRequest, { org }, { enabled: isAsked });
  const verify = () => (isAsked ? void verified.refetch() : setAsked(true));
  return (
    <Stack gap="lg">
      <Section
        title="Chain and signed heads"
        action={
          <Button onClick={verify} loading={verified.isFetching}>
            Verify
          </Button>
        }
      >
        <Text c="dimmed">
          Each event has the hash of the one before it, and the platform signs the root of all events. Verifying reads
          every event of the organization, and every signed head.
        </Text>
        <CopyCommand command={commandFor({ org }, 'audit', 'verify')} />
        {isAsked && (
          <Loaded query={verified} title="The log was not verified">
            {({ whole, events, streams, heads, unsigned, head, fault }) => (
              <Stack gap="sm" role="status">
                <StatusDot state={whole ? 'OK' : 'FAILED'}>
                  {whole ? 'The log is what was recorded.' : 'The log is not what was recorded.'}
                </StatusDot>
                <KeyValue
                  pairs={[
                    ['Events', `${events} in ${streams} streams`],
                    ['Signed heads', heads],
                    ['After the newest head', `${unsigned} events`],
                    [
                      'Newest head',
                      head && (
                        <>
                          {head.size} events, signed <Time at={head.signedAt} />
                        </>
                      ),
                    ],
                    [
                      'Fault',
                      fault &&
                        `${fault.stream} revision ${fault.revision} at position ${fault.position}: ${fault.message}`,
                    ],
                  ]}
                />
                {head && (
                  <Stack gap={4}>
                    <Group gap="xs">
                      <Text size="sm">Keep the signed head elsewhere, to notice if the log is replaced:</Text>
                      <CopyIconButton text={head.note} label="Copy signed head" />
                    </Group>
                    <Code block tabIndex={0} style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                      {head.note}
                    </Code>
                    <CopyCommand command={`${commandFor({ org }, 'audit', 'head')} > organization.checkpoint`} />
                  </Stack>
                )}
              </Stack>
            )}
          </Loaded>
        )}
      </Section>
      <Keys org={org} />
    </Stack>
  );
}

function Keys({ org }: { readonly org: string }) {
  const keys = useAllPages(listAuditKeysRequest, { org });
  return (
    <Section title="Keys">
      <ResourceTable
        label="keys"
        list={keys}
        keyOf={({ key }) => key}
        columns={[
          {
            id: 'key',
            title: 'Key',
            cell: ({ key }) => (
              <Group gap={4} wrap="nowrap">
                <Text size="xs" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
                  {key}
                </Text>
                <CopyIconButton text={key} label="Copy key" />
              </Group>
            ),
          },
          { id: 'created', title: 'Created', cell: ({ createdAt }) => <Time at={createdAt} />, isWide: true },
          { id: 'retired', title: 'Retired', cell: ({ retiredAt }) => <Time at={retiredAt} />, isWide: true },
          { id: 'head', title: 'Last head', cell: ({ lastHeadAt }) => <Time at={lastHeadAt} />, isWide: true },
        ]}
        empty={
          <EmptyState title="No head was signed yet" command={commandFor({ org }, 'audit', 'keys')}>
            The first one is signed within a minute.
          </EmptyState>
        }
      />
    </Section>
  );
}
