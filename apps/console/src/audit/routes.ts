import type { PageRoute } from '../shared/page-route.ts';

export const auditRoutes: readonly PageRoute[] = [];
