export { GLOBAL_ROLES, isRole, mayGrant, ROLES, weaker, type GlobalRole, type Role } from './roles.ts';
export {
  currentTable,
  PERMISSION_NAMES,
  PERMISSIONS,
  PUBLIC,
  SERVICES_ONLY,
  type AccessRule,
  type Permission,
  type PermissionRule,
  type RightsTable,
} from './permissions.ts';
export { actorOf, isLoginOld, principalId, RECENT_LOGIN_MS, type Principal } from './principal.ts';
export {
  DEFAULT_SETTINGS,
  directoryEvents,
  keyRingEvents,
  organizationEvents,
  policyEvents,
  sessionEvents,
  userEvents,
  type AccessKeyCreated,
  type DirectoryFact,
  type KeyLimits,
  type KeyRingEvent,
  type OrganizationEvent,
  type OrganizationSettings,
  type PolicyEvent,
  type SessionEndReason,
  type SessionEvent,
  type UserEvent,
} from './rights.events.ts';
export {
  activeMember,
  asRequested,
  Directory,
  type DirectoryDeletion,
  type DirectoryKey,
  type DirectoryOrganization,
} from './directory.ts';
export {
  ACCESS,
  accountSuspended,
  can,
  effectiveRole,
  endedKey,
  endedSession,
  loginTooOld,
  organizationNotFound,
  PROPAGATION_MS,
  sessionEnded,
  type AccessSource,
  type Decision,
  type Reason,
} from './can.ts';
export {
  ACCESS_KEY_PREFIX,
  accessKeyPublicId,
  formatAccessKey,
  maskAccessKey,
  parseAccessKey,
} from './access-key-format.ts';
export { RightsHistory, rightsEvents, type Moment, type RightsFact } from './rights-history.ts';
export { Timeline } from './timeline.ts';
