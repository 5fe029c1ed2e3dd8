import type { PageRoute } from '../shared/page-route.ts';

export const accessKeysRoutes: readonly PageRoute[] = [
  { parent: 'organization', path: '/settings/keys', load: () => import('./keys.page.tsx') },
];
