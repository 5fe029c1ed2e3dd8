import {
  aboutRequest,
  endSessionRequest,
  endSessionsRequest,
  listSessionsRequest,
  listUsersRequest,
  meRequest,
  setGlobalRoleRequest,
} from '#identity/contract';

export { createLogins, type Logins } from './logins.ts';

/** What the gateway makes routes of. */
export const identityRest = [
  aboutRequest,
  meRequest,
  listSessionsRequest,
  endSessionsRequest,
  endSessionRequest,
  listUsersRequest,
  setGlobalRoleRequest,
] as const;
