import {
  aboutRequest,
  endSessionRequest,
  endSessionsRequest,
  listSessionsRequest,
  listUsersRequest,
  meRequest,
  setGlobalRoleRequest,
} from '#identity/contract';

export { createAddressRecords } from './address-records.ts';
export { createLogins, type Logins } from './logins.ts';

/** Requests that the gateway serves over HTTP. */
export const identityRest = [
  aboutRequest,
  meRequest,
  listSessionsRequest,
  endSessionsRequest,
  endSessionRequest,
  listUsersRequest,
  setGlobalRoleRequest,
] as const;
