import { Burger, Stack, Text } from '@mantine/core';
import { useDisclosure, useHotkeys, useMediaQuery } from '@mantine/hooks';
import { AppsIcon, GearIcon, HistoryIcon, HomeIcon, ServerIcon, StackIcon, type Icon } from '@primer/octicons-react';
import { Link, Outlet, useNavigate, useParams, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { AccountMenu } from '../identity/account-menu.tsx';
import { OrganizationSwitcher } from '../organizations/organization-switcher.tsx';
import { ConnectionBar } from './connection-bar.tsx';
import classes from './frame.module.css';
import { useGoKeys } from './go-keys.ts';
import { ORGANIZATION_PLACES } from './places.ts';

// What opens on top of a page is loaded after the page.
const LoginDialog = lazy(() => import('./login-dialog.tsx'));
const Shortcuts = lazy(() => import('./shortcuts.tsx'));
const Toasts = lazy(() => import('./toasts.tsx'));

/** Icons of the places in the rail, by their path. The others are in the palette only. */
const ICONS: Readonly<Record<string, Icon>> = {
  '': HomeIcon,
  '/apps': AppsIcon,
  '/profiles': StackIcon,
  '/clusters': ServerIcon,
  '/audit': HistoryIcon,
  '/settings/general': GearIcon,
};

/** The frame of every page: rail, content, and what can appear on top. */
export function Frame() {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const isNarrow = useMediaQuery('(min-width: 45em) and (max-width: 64em)') ?? false;
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useEffect(close, [path, close]);
  const opened = useKeys();
  return (
    <>
      <a href="#content" className={classes['skip']}>
        Skip to content
      </a>
      <div className={classes['frame']}>
        <header className={classes['header']}>
          <Burger opened={isOpen} onClick={toggle} size="sm" aria-label={isOpen ? 'Close menu' : 'Open menu'} />
          <Text fw={600}>Astro Platform</Text>
        </header>
        <nav className={classes['rail']} aria-label="Main" {...(isOpen && { 'data-open': true })}>
          <Rail isNarrow={isNarrow} />
        </nav>
        <main className={classes['main']}>
          <ConnectionBar />
          <div id="content" className={classes['content']} tabIndex={-1}>
            <Outlet />
          </div>
        </main>
      </div>
      <Suspense>
        <Toasts />
        <Shortcuts opened={opened} />
        <LoginDialog />
      </Suspense>
    </>
  );
}

/** Follows the keys of the console. Returns what they have opened last. */
function useKeys(): { readonly what: 'palette' | 'keys' } | undefined {
  const { org } = useParams({ strict: false });
  const navigate = useNavigate();
  const [opened, setOpened] = useState<{ readonly what: 'palette' | 'keys' }>();
  useGoKeys((key) => {
    const place = ORGANIZATION_PLACES.find(([of]) => of === key);
    if (org !== undefined && place) void navigate({ to: `/o/${org}${place[2]}` });
  });
  useHotkeys([
    ['mod+K', () => setOpened({ what: 'palette' })],
    ['shift+?', () => setOpened({ what: 'keys' })],
    ['/', (event) => focusSearch(event)],
  ]);
  return opened;
}

function focusSearch(event: KeyboardEvent): void {
  const field = document.querySelector<HTMLInputElement>('[data-search]');
  if (!field) return;
  event.preventDefault();
  field.focus();
}

function Rail({ isNarrow }: { readonly isNarrow: boolean }) {
  const { org } = useParams({ strict: false });
  const path = useRouterState({ select: ({ location }) => location.pathname });
  return (
    <Stack h="100%" gap="xs">
      <OrganizationSwitcher isNarrow={isNarrow} />
      <div className={classes['places']}>
        {org !== undefined &&
          ORGANIZATION_PLACES.map(([, title, place]) => {
            const PlaceIcon = ICONS[place];
            if (!PlaceIcon) return null;
            const to = `/o/${org}${place}`;
            const root = place.startsWith('/settings') ? `/o/${org}/settings` : to;
            const isActive = place === '' ? path === to || path === `${to}/` : path.startsWith(root);
            return (
              <Link
                key={title}
                to={to}
                activeOptions={{ exact: true }}
                aria-label={title}
                {...(isActive && { 'aria-current': 'page', 'data-active': true })}
                className={classes['place']}
              >
                <PlaceIcon />
                {!isNarrow && title}
              </Link>
            );
          })}
      </div>
      <AccountMenu isNarrow={isNarrow} />
    </Stack>
  );
}
