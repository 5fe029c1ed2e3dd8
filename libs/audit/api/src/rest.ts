import { canRequest, explainAccessRequest, listPermissionsRequest, whoCanRequest } from '#audit/contract';

/** Requests that the gateway serves over HTTP. */
export const auditRest = [canRequest, whoCanRequest, explainAccessRequest, listPermissionsRequest] as const;
