import type { PageRoute } from '../shared/page-route.ts';

export const billingRoutes: readonly PageRoute[] = [
  { parent: 'organization', path: '/settings/plan', load: () => import('./plan.page.tsx') },
];
