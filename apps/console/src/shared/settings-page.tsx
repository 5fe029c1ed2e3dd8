import { Box } from '@mantine/core';
import { Link, useRouterState } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Page } from './page.tsx';
import { useOrg } from './params.ts';
import classes from './settings-page.module.css';

const PAGES = [
  ['General', 'general'],
  ['Members', 'members'],
  ['API keys', 'keys'],
  ['Credentials', 'credentials'],
  ['Plan', 'plan'],
] as const;

/** A page of an organization's settings, with links to the others. */
export function SettingsPage(props: {
  readonly title: string;
  readonly sentence?: ReactNode;
  readonly action?: ReactNode;
  readonly children: ReactNode;
}) {
  const org = useOrg();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  return (
    <>
      <Box component="nav" aria-label="Settings" className={classes['tabs']}>
        {PAGES.map(([title, name]) => {
          const to = `/o/${org}/settings/${name}`;
          return (
            <Link key={name} to={to} className={classes['tab']} aria-current={path === to ? 'page' : undefined}>
              {title}
            </Link>
          );
        })}
      </Box>
      <Page {...props} />
    </>
  );
}
