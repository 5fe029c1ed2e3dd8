import type { PageRoute } from '../shared/page-route.ts';

export const accessKeysRoutes: readonly PageRoute[] = [];
