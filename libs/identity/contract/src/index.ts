export { clientAddressesRequest, keepClientAddressRequest } from './client-addresses.contract.ts';
export {
  addressesRequest,
  invitationLinkRequest,
  ownAddressRequest,
  passwordLinkRequest,
  registerAddressRequest,
  sendMailRequest,
} from './mail.contract.ts';
export { issuerTokenRequest, logOutRequest, startSessionRequest, useSessionRequest } from './sessions.contract.ts';
export { peopleById, type Person } from './people-client.ts';
export {
  aboutRequest,
  endSessionRequest,
  endSessionsRequest,
  issuerKeysRequest,
  listSessionsRequest,
  listUsersRequest,
  meRequest,
  peopleRequest,
  resolveUserRequest,
  eraseUserRequest,
  setGlobalRoleRequest,
  setUserStateRequest,
  IDENTITY_CONFIG,
  type Claims,
  type IdentityConfig,
} from './users.contract.ts';
