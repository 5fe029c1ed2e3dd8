import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from '@tanstack/react-router';
import { useEffect, type ReactNode } from 'react';
import { accessKeysRoutes } from './access-keys/routes.ts';
import { adminRoutes } from './admin/routes.ts';
import { auditRoutes } from './audit/routes.ts';
import { billingRoutes } from './billing/routes.ts';
import { deploymentsRoutes } from './deployments/routes.ts';
import { LoggedInPage } from './identity/logged-in.page.tsx';
import { identityRoutes } from './identity/routes.ts';
import { SignedOutPage } from './identity/signed-out.page.tsx';
import { keepLastOrganization } from './organizations/last-organization.ts';
import { LastOrganizationPage } from './organizations/last-organization.page.tsx';
import { organizationsRoutes } from './organizations/routes.ts';
import { Frame } from './shared/frame.tsx';
import { useLive } from './shared/live.ts';
import { NotFoundPage } from './shared/not-found.page.tsx';
import type { PageRoute } from './shared/page-route.ts';
import { useOrg } from './shared/params.ts';
import { Problem } from './shared/problem.tsx';

const root = createRootRoute({
  notFoundComponent: () => (
    <Outside>
      <NotFoundPage />
    </Outside>
  ),
  errorComponent: ({ error }) => <Problem error={error instanceof Error ? error : new Error(String(error))} />,
});
const frame = createRoute({ getParentRoute: () => root, id: 'frame', component: Frame });
const outside = createRoute({
  getParentRoute: () => root,
  id: 'outside',
  component: () => (
    <Outside>
      <Outlet />
    </Outside>
  ),
});
const organization = createRoute({ getParentRoute: () => frame, path: '/o/$org', component: Organization });

/** What is shown without a session, or without a place. */
function Outside({ children }: { readonly children: ReactNode }) {
  return <main style={{ maxWidth: 640, margin: '10vh auto', padding: 24 }}>{children}</main>;
}

function Organization() {
  const org = useOrg();
  useEffect(() => keepLastOrganization(org), [org]);
  useLive(org);
  return <Outlet />;
}

/** Search parameters of every page: texts. Pages read those that they know. */
const validateSearch = (search: Record<string, unknown>): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    Object.entries(search).flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? [[name, String(value)]]
        : [],
    ),
  );

const pages: readonly PageRoute[] = [
  ...identityRoutes,
  ...organizationsRoutes,
  ...accessKeysRoutes,
  ...billingRoutes,
  ...deploymentsRoutes,
  ...auditRoutes,
  ...adminRoutes,
];
const pagesOf = <P extends typeof organization | typeof frame | typeof outside>(name: PageRoute['parent'], parent: P) =>
  pages
    .filter((route) => route.parent === name)
    .map(({ path, load }) =>
      createRoute({ getParentRoute: () => parent, path, validateSearch, component: lazyRouteComponent(load) }),
    );

export const router = createRouter({
  routeTree: root.addChildren([
    frame.addChildren([
      createRoute({ getParentRoute: () => frame, path: '/', component: LastOrganizationPage }),
      organization.addChildren(pagesOf('organization', organization)),
      ...pagesOf('frame', frame),
    ]),
    outside.addChildren([
      createRoute({ getParentRoute: () => outside, path: '/signed-out', component: SignedOutPage }),
      createRoute({ getParentRoute: () => outside, path: '/logged-in', component: LoggedInPage }),
      ...pagesOf('outside', outside),
    ]),
  ]),
  // Numbers and booleans in the address stay texts.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
    const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return text === '' ? '' : `?${text}`;
  },
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
