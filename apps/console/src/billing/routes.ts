import type { PageRoute } from '../shared/page-route.ts';

export const billingRoutes: readonly PageRoute[] = [];
