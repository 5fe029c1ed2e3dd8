export { peopleById, type Person } from './people-client.ts';
export {
  aboutRequest,
  claimsSchema,
  listUsersRequest,
  meRequest,
  peopleRequest,
  personSchema,
  resolveUserRequest,
  setGlobalRoleRequest,
  IDENTITY_CONFIG,
  type Claims,
  type IdentityConfig,
} from './users.contract.ts';
