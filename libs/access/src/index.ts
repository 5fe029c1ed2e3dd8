export { GLOBAL_ROLES, isRole, mayGrant, ROLES, weaker, type GlobalRole, type Role } from './roles.ts';
export { PERMISSIONS, PUBLIC, SERVICES_ONLY, type Permission, type PermissionRule } from './permissions.ts';
export { actorOf, principalId, type Principal } from './principal.ts';
export {
  DEFAULT_SETTINGS,
  directoryEvents,
  keyRingEvents,
  organizationEvents,
  userEvents,
  type AccessKeyCreated,
  type DirectoryFact,
  type KeyLimits,
  type KeyRingEvent,
  type MemberInvited,
  type OrganizationEvent,
  type OrganizationSettings,
  type UserEvent,
} from './rights.events.ts';
export { activeMember, Directory, type DirectoryKey, type DirectoryOrganization } from './directory.ts';
export {
  ACCESS,
  accountSuspended,
  can,
  effectiveRole,
  organizationNotFound,
  type AccessSource,
  type Reason,
} from './can.ts';
export {
  ACCESS_KEY_PREFIX,
  accessKeyPublicId,
  formatAccessKey,
  maskAccessKey,
  parseAccessKey,
} from './access-key-format.ts';
