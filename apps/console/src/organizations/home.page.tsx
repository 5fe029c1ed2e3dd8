import { Anchor, Group, Paper, SimpleGrid, Stack, Text } from '@mantine/core';
import { listApplicationsRequest, listClustersRequest } from '#deployments/contract';
import { getOrganizationRequest } from '#organizations/contract';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Loaded, Page, Section } from '../shared/page.tsx';
import { useOrg } from '../shared/params.ts';
import { useAllPages, useContract } from '../shared/queries.ts';
import { StatusDot } from '../shared/status.tsx';
import { troubled } from './checklist.ts';
import { FirstSteps } from './first-steps.tsx';
import { RecentChanges } from './recent-changes.tsx';

export default function HomePage() {
  const org = useOrg();
  const organization = useContract(getOrganizationRequest, { org });
  return (
    <Loaded query={organization} title="The organization cannot be shown">
      {({ id, name, role, plan, members, memberLimit }) => (
        <Page title={name} sentence={`You are ${role ?? 'a global admin'}. Plan ${plan}.`}>
          <FirstSteps key={id} org={org} organizationId={id} />
          <State org={org} members={`${members} of ${memberLimit}`} />
          <RecentChanges org={org} />
        </Page>
      )}
    </Loaded>
  );
}

/** Whether it is running: counts, and what needs attention. */
function State({ org, members }: { readonly org: string; readonly members: string }) {
  const applications = useAllPages(listApplicationsRequest, { org });
  const clusters = useAllPages(listClustersRequest, { org });
  const running = applications.items.filter(({ status }) => status === 'RUNNING').length;
  const ready = clusters.items.filter(({ state }) => state === 'READY').length;
  const attention = troubled(applications.items);
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        <Count to={`/o/${org}/apps`} title="Applications" isPending={applications.isPending}>
          {running} of {applications.items.length} running
        </Count>
        <Count to={`/o/${org}/clusters`} title="Clusters" isPending={clusters.isPending}>
          {ready} of {clusters.items.length} ready
        </Count>
        <Count to={`/o/${org}/settings/members`} title="Members" isPending={false}>
          {members}
        </Count>
      </SimpleGrid>
      {attention.length > 0 && (
        <Section title="Needs attention">
          <Stack gap="xs">
            {attention.map(({ id, name, status }) => (
              <Group key={id} gap="sm">
                <StatusDot state={status} />
                <Anchor component={Link} to={`/o/${org}/apps/${name}`} style={{ overflowWrap: 'anywhere' }}>
                  {name}
                </Anchor>
              </Group>
            ))}
          </Stack>
        </Section>
      )}
    </>
  );
}

function Count({
  to,
  title,
  isPending,
  children,
}: {
  readonly to: string;
  readonly title: string;
  readonly isPending: boolean;
  readonly children: ReactNode;
}) {
  return (
    <Paper withBorder p="md">
      <Anchor component={Link} to={to}>
        {title}
      </Anchor>
      <Text size="xl" fw={600} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {isPending ? '…' : children}
      </Text>
    </Paper>
  );
}
