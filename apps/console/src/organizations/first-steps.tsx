import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { CheckCircleFillIcon, CircleIcon } from '@primer/octicons-react';
import { listKeysRequest } from '#access-keys/contract';
import { listApplicationsRequest, listClustersRequest } from '#deployments/contract';
import { aboutRequest, meRequest } from '#identity/contract';
import { getOrganizationRequest } from '#organizations/contract';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { CopyCommand } from '../shared/copy-command.tsx';
import { useAllPages, useContract } from '../shared/queries.ts';
import { checklistOf, type Step } from './checklist.ts';

/** Key of the browser's storage that keeps that the list was dismissed. */
const dismissedKey = (organizationId: string) => `astro-first-steps-${organizationId}`;

/** The first steps of an organization, until all are done or the list is dismissed in this browser. */
export function FirstSteps({ org, organizationId }: { readonly org: string; readonly organizationId: string }) {
  const key = dismissedKey(organizationId);
  const [isDismissed, setDismissed] = useState(() => localStorage.getItem(key) !== null);
  const steps = useSteps(org);
  if (isDismissed || !steps || steps.every(({ isDone }) => isDone)) return null;
  const dismiss = () => {
    localStorage.setItem(key, 'yes');
    setDismissed(true);
  };
  return (
    <Paper withBorder p="lg" component="section">
      <Group justify="space-between" mb="sm">
        <Title order={2}>First steps</Title>
        <Button variant="subtle" size="xs" onClick={dismiss}>
          Dismiss first steps
        </Button>
      </Group>
      <Stack component="ul" gap="sm" m={0} p={0} style={{ listStyle: 'none' }}>
        {steps.map((step) => (
          <li key={step.title}>
            <StepLine org={org} step={step} />
          </li>
        ))}
      </Stack>
    </Paper>
  );
}

function StepLine({ org, step: { title, isDone, command, path } }: { readonly org: string; readonly step: Step }) {
  if (isDone)
    return (
      <Group gap="xs" c="dimmed">
        <CheckCircleFillIcon fill="var(--astro-ok)" aria-label="Done" />
        <Text td="line-through">{title}</Text>
      </Group>
    );
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <CircleIcon aria-label="To do" />
        {path === undefined ? (
          <Text fw={600}>{title}</Text>
        ) : (
          <Text component={Link} to={`/o/${org}${path}`} fw={600} c="var(--mantine-color-anchor)">
            {title}
          </Text>
        )}
      </Group>
      <CopyCommand command={command} />
    </Stack>
  );
}

function useSteps(org: string): readonly Step[] | undefined {
  const keys = useAllPages(listKeysRequest, { org });
  const clusters = useContract(listClustersRequest, { org });
  const applications = useContract(listApplicationsRequest, { org, limit: 1 });
  const organization = useContract(getOrganizationRequest, { org });
  const me = useContract(meRequest, {});
  const about = useContract(aboutRequest, {});
  return checklistOf(
    {
      hasLoginKey: keys.isPending
        ? undefined
        : keys.items.some(({ source, memberId }) => source === 'login' && memberId === me.data?.userId),
      clusters: clusters.data?.items.length,
      applications: applications.data?.items.length,
      members: organization.data?.members,
    },
    org,
    about.data?.publicUrl ?? location.origin,
  );
}
