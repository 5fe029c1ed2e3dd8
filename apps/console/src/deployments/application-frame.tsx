import { Group, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { getApplicationRequest, type ApplicationStatus, type ApplicationView } from '#deployments/contract';
import { Loaded, Page } from '../shared/page.tsx';
import { useOrg, useParam } from '../shared/params.ts';
import { useContract } from '../shared/queries.ts';
import { StatusDot } from '../shared/status.tsx';
import { ApplicationActions } from './application-actions.tsx';
import classes from './application-frame.module.css';

/** Tabs of an application: titles, and paths below it. */
const TABS = [
  ['Overview', ''],
  ['Logs', '/logs'],
  ['Events', '/events'],
  ['History', '/history'],
  ['Diff', '/diff'],
  ['Manifest', '/manifest'],
  ['Secrets', '/secrets'],
] as const;
export type Tab = (typeof TABS)[number][0];

const MOVING: readonly ApplicationStatus[] = ['REQUESTED', 'RENDERING', 'APPLYING', 'PROGRESSING', 'DELETING'];
/** Milliseconds between two looks at the cluster, during a rollout and otherwise. */
const LOOK_MS = { moving: 2_000, resting: 15_000 };

/** Returns how often to read what no event announces, such as pods. */
export const lookEveryMs = ({ status }: Pick<ApplicationView, 'status'>): number =>
  MOVING.includes(status) ? LOOK_MS.moving : LOOK_MS.resting;

/** An application's title, state, actions, and tabs; below them the content of one tab. */
export function ApplicationFrame({
  tab,
  children,
}: {
  readonly tab: Tab;
  readonly children: (application: ApplicationView) => ReactNode;
}) {
  const org = useOrg();
  const name = useParam('name');
  const application = useContract(getApplicationRequest, { org, name });
  return (
    <Page
      title={name}
      {...(application.data && {
        sentence: <State application={application.data} />,
        action: <ApplicationActions org={org} application={application.data} />,
      })}
    >
      <nav aria-label="Application" className={classes['tabs']}>
        {TABS.map(([title, path]) => (
          <Link
            key={title}
            to={`/o/${org}/apps/${name}${path}`}
            className={classes['tab']}
            activeOptions={{ exact: true, includeSearch: false }}
            activeProps={{}}
            aria-current={title === tab ? 'page' : undefined}
          >
            {title}
          </Link>
        ))}
      </nav>
      <Loaded query={application} title={`${name} cannot be shown`}>
        {children}
      </Loaded>
    </Page>
  );
}

function State({ application }: { readonly application: ApplicationView }) {
  const { status, health, sync, version, profileName, clusterName } = application;
  return (
    <Group gap="md" mt={4} role="status">
      <StatusDot state={status} />
      <StatusDot state={health} />
      <StatusDot state={sync} />
      <Text inherit>
        {version} · profile {profileName} · cluster {clusterName}
      </Text>
    </Group>
  );
}
