import type { PageRoute } from '../shared/page-route.ts';

/** Pages for global admins. */
export const adminRoutes: readonly PageRoute[] = [
  { parent: 'frame', path: '/admin/organizations', load: () => import('./organizations.page.tsx') },
  { parent: 'frame', path: '/admin/users', load: () => import('./users.page.tsx') },
  { parent: 'frame', path: '/admin/egress', load: () => import('./egress.page.tsx') },
  { parent: 'frame', path: '/admin/projections', load: () => import('./projections.page.tsx') },
  { parent: 'frame', path: '/admin/doctor', load: () => import('./doctor.page.tsx') },
];
