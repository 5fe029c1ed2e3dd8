import type { PageRoute } from '../shared/page-route.ts';

export const auditRoutes: readonly PageRoute[] = [
  { parent: 'organization', path: '/audit', load: () => import('./audit.page.tsx') },
];
