import {
  canRequest,
  explainAccessRequest,
  getAuditHeadRequest,
  listAuditKeysRequest,
  listPermissionsRequest,
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
  getAuditHeadRequest,
  listAuditKeysRequest,
  proveAuditRequest,
  listSealedEventsRequest,
  verifyAuditRequest,
] as const;
