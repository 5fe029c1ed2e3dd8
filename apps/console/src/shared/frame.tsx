import { AppShell, Burger, Group, NavLink, Stack, Text } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { AppsIcon, GearIcon, HistoryIcon, HomeIcon, ServerIcon, StackIcon, type Icon } from '@primer/octicons-react';
import { Link, Outlet, useParams, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect } from 'react';
import { AccountMenu } from '../identity/account-menu.tsx';
import { OrganizationSwitcher } from '../organizations/organization-switcher.tsx';
import { ConnectionBar } from './connection-bar.tsx';
import classes from './frame.module.css';

// What opens on top of a page is loaded after the page.
const LoginDialog = lazy(() => import('./login-dialog.tsx'));
const Shortcuts = lazy(() => import('./shortcuts.tsx'));
const Toasts = lazy(() => import('./toasts.tsx'));

/** Places of an organization in the rail. */
export const PLACES: readonly { readonly title: string; readonly path: string; readonly icon: Icon }[] = [
  { title: 'Home', path: '', icon: HomeIcon },
  { title: 'Applications', path: '/apps', icon: AppsIcon },
  { title: 'Profiles', path: '/profiles', icon: StackIcon },
  { title: 'Clusters', path: '/clusters', icon: ServerIcon },
  { title: 'Audit', path: '/audit', icon: HistoryIcon },
  { title: 'Settings', path: '/settings/general', icon: GearIcon },
];

/** The frame of every page: rail, content, and what can appear on top. */
export function Frame() {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const isNarrow = useMediaQuery('(min-width: 45em) and (max-width: 64em)') ?? false;
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useEffect(close, [path, close]);
  return (
    <>
      <a href="#content" className={classes['skip']}>
        Skip to content
      </a>
      <AppShell
        header={{ height: { base: 48, sm: 0 } }}
        navbar={{ width: isNarrow ? 64 : 232, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
        padding="lg"
        transitionDuration={150}
      >
        <AppShell.Header hiddenFrom="sm" px="md">
          <Group h="100%">
            <Burger opened={isOpen} onClick={toggle} size="sm" aria-label={isOpen ? 'Close menu' : 'Open menu'} />
            <Text fw={600}>Astro Platform</Text>
          </Group>
        </AppShell.Header>
        <AppShell.Navbar p="xs" aria-label="Main">
          <Rail isNarrow={isNarrow} />
        </AppShell.Navbar>
        <AppShell.Main>
          <ConnectionBar />
          <div id="content" className={classes['content']} tabIndex={-1}>
            <Outlet />
          </div>
        </AppShell.Main>
      </AppShell>
      <Suspense>
        <Toasts />
        <Shortcuts />
        <LoginDialog />
      </Suspense>
    </>
  );
}

function Rail({ isNarrow }: { readonly isNarrow: boolean }) {
  const { org } = useParams({ strict: false });
  const path = useRouterState({ select: ({ location }) => location.pathname });
  return (
    <Stack h="100%" gap="xs">
      <OrganizationSwitcher isNarrow={isNarrow} />
      <div className={classes['places']}>
        {org !== undefined &&
          PLACES.map(({ title, path: place, icon: PlaceIcon }) => {
            const to = `/o/${org}${place}`;
            const root = place.startsWith('/settings') ? `/o/${org}/settings` : to;
            const isActive = place === '' ? path === to || path === `${to}/` : path.startsWith(root);
            return (
              <NavLink
                key={title}
                component={Link}
                to={to}
                activeOptions={{ exact: true }}
                label={isNarrow ? undefined : title}
                aria-label={title}
                leftSection={<PlaceIcon />}
                active={isActive}
                aria-current={isActive ? 'page' : undefined}
                className={classes['place']}
              />
            );
          })}
      </div>
      <AccountMenu isNarrow={isNarrow} />
    </Stack>
  );
}
