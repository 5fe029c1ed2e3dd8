import type { Contract } from '#bus/contract';

/** Requests that the gateway serves over HTTP. */
export const auditRest: readonly Contract[] = [];
