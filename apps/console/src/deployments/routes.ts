import type { PageRoute } from '../shared/page-route.ts';

export const deploymentsRoutes: readonly PageRoute[] = [
  { parent: 'organization', path: '/apps', load: () => import('./applications.page.tsx') },
  { parent: 'organization', path: '/apps/$name', load: () => import('./overview.page.tsx') },
  { parent: 'organization', path: '/apps/$name/history', load: () => import('./history.page.tsx') },
  { parent: 'organization', path: '/apps/$name/diff', load: () => import('./diff.page.tsx') },
];
