import type { PageRoute } from '../shared/page-route.ts';

export const identityRoutes: readonly PageRoute[] = [
  { parent: 'frame', path: '/account', load: () => import('./account.page.tsx') },
];
