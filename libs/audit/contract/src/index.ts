export {
  canRequest,
  explainAccessRequest,
  listPermissionsRequest,
  membersAtRequest,
  wayText,
  whoCanRequest,
  type AccessWay,
} from './access.contract.ts';
export {
  CHANGE_KINDS,
  CHANGES_ITEM_EVERY_MS,
  organizationChangesRequest,
  type ChangeKind,
  type OrganizationChange,
} from './changes.contract.ts';
export {
  auditLogRequest,
  EXPORT_LINES,
  exportAuditLogRequest,
  platformAuditLogRequest,
  type AuditEntry,
} from './log.contract.ts';
export { OPERATIONS, recordOperationRequest } from './operations.contract.ts';
export { createRefusalRecorder } from './refusal-recorder.ts';
export { recordRefusalsRequest, REFUSALS_A_MINUTE, type ReadRecord, type RefusalRecord } from './refusals.contract.ts';
export {
  replayAccessKeysRequest,
  replayBillingRequest,
  replayDeploymentsRequest,
  replayOrganizationsRequest,
  replayRequest,
  type ReplayedObject,
} from './replay.contract.ts';
export { logTime, parseLogTime } from './time.ts';
export {
  auditHeadSchema,
  getAuditHeadRequest,
  listAuditKeysRequest,
  listSealedEventsRequest,
  proveAuditRequest,
  rotateAuditKeyRequest,
  sealedEventSchema,
  verifyAuditRequest,
  type AuditHead,
} from './heads.contract.ts';
