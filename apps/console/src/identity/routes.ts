import type { PageRoute } from '../shared/page-route.ts';

export const identityRoutes: readonly PageRoute[] = [];
