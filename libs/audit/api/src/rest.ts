import {
  canRequest,
  explainAccessRequest,
  listPermissionsRequest,
  replayRequest,
  whoCanRequest,
} from '#audit/contract';

/** Requests that the gateway serves over HTTP. */
export const auditRest = [
  canRequest,
  whoCanRequest,
  explainAccessRequest,
  listPermissionsRequest,
  replayRequest,
] as const;
