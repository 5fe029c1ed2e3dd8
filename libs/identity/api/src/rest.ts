import {
  aboutRequest,
  endSessionRequest,
  endSessionsRequest,
  eraseUserRequest,
  listSessionsRequest,
  listUsersRequest,
  meRequest,
  passwordLinkRequest,
  setGlobalRoleRequest,
  setUserStateRequest,
} from '#identity/contract';

export { createAddressRecords } from './address-records.ts';
export { createLogins, type Logins } from './logins.ts';
export { createSessionUse } from './session-use.ts';

/** Requests that the gateway serves over HTTP. */
export const identityRest = [
  aboutRequest,
  meRequest,
  listSessionsRequest,
  endSessionsRequest,
  endSessionRequest,
  listUsersRequest,
  setGlobalRoleRequest,
  setUserStateRequest,
  eraseUserRequest,
  passwordLinkRequest,
] as const;
