import type { PageRoute } from '../shared/page-route.ts';
import { NEW_APPLICATION } from '../shared/places.ts';

const page = (path: string, load: PageRoute['load']): PageRoute => ({ parent: 'organization', path, load });

export const deploymentsRoutes: readonly PageRoute[] = [
  page('/apps', () => import('./applications.page.tsx')),
  page(NEW_APPLICATION, () => import('./new-application.page.tsx')),
  page('/apps/$name', () => import('./overview.page.tsx')),
  page('/apps/$name/logs', () => import('./logs.page.tsx')),
  page('/apps/$name/events', () => import('./events.page.tsx')),
  page('/apps/$name/history', () => import('./history.page.tsx')),
  page('/apps/$name/diff', () => import('./diff.page.tsx')),
  page('/apps/$name/manifest', () => import('./manifest.page.tsx')),
  page('/apps/$name/secrets', () => import('./secrets.page.tsx')),
  page('/profiles', () => import('./profiles.page.tsx')),
  page('/clusters', () => import('./clusters.page.tsx')),
  page('/clusters/$name', () => import('./cluster.page.tsx')),
];
