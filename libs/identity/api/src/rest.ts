import { aboutRequest, listUsersRequest, meRequest, setGlobalRoleRequest } from '#identity/contract';

export { createLogins, type Logins } from './logins.ts';

/** What the gateway makes routes of. */
export const identityRest = [aboutRequest, meRequest, listUsersRequest, setGlobalRoleRequest] as const;
