import type { PageRoute } from '../shared/page-route.ts';

export const deploymentsRoutes: readonly PageRoute[] = [
  { parent: 'organization', path: '/apps', load: () => import('./applications.page.tsx') },
];
