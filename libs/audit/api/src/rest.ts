import {
  canRequest,
  explainAccessRequest,
  listPermissionsRequest,
  replayRequest,
  getAuditHeadRequest,
  listAuditKeysRequest,
  listSealedEventsRequest,
  proveAuditRequest,
  verifyAuditRequest,
  whoCanRequest,
} from '#audit/contract';

/** Requests that the gateway serves over HTTP. */
export const auditRest = [
  canRequest,
  whoCanRequest,
  explainAccessRequest,
  listPermissionsRequest,
  replayRequest,
  getAuditHeadRequest,
  listAuditKeysRequest,
  proveAuditRequest,
  listSealedEventsRequest,
  verifyAuditRequest,
] as const;
