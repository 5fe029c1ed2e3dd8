import type { PageRoute } from '../shared/page-route.ts';

export const organizationsRoutes: readonly PageRoute[] = [
  { parent: 'organization', path: '/', load: () => import('./home.page.tsx') },
  { parent: 'organization', path: '/settings/general', load: () => import('./general.page.tsx') },
  { parent: 'organization', path: '/settings/members', load: () => import('./members.page.tsx') },
  { parent: 'organization', path: '/settings/credentials', load: () => import('./credentials.page.tsx') },
  { parent: 'frame', path: '/invite/$token', load: () => import('./invitation.page.tsx') },
];
