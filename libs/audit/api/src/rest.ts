import {
  auditLogRequest,
  organizationChangesRequest,
  canRequest,
  explainAccessRequest,
  exportAuditLogRequest,
  listPermissionsRequest,
  replayRequest,
  getAuditHeadRequest,
  listAuditKeysRequest,
  listSealedEventsRequest,
  platformAuditLogRequest,
  proveAuditRequest,
  verifyAuditRequest,
  whoCanRequest,
} from '#audit/contract';

/** Requests that the gateway serves over HTTP. */
export const auditRest = [
  auditLogRequest,
  exportAuditLogRequest,
  platformAuditLogRequest,
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
  organizationChangesRequest,
] as const;
