import {
  createKeyRequest,
  getKeyRequest,
  listKeysRequest,
  loginRequest,
  reportLeakedKeyRequest,
  revokeKeyRequest,
} from '#access-keys/contract';

export { createLeakedKeys } from './leaked-keys.ts';
export { createKeyUse, type KeyUse } from './key-use.ts';

/** What the gateway makes routes of. */
export const accessKeysRest = [
  loginRequest,
  listKeysRequest,
  createKeyRequest,
  getKeyRequest,
  revokeKeyRequest,
  reportLeakedKeyRequest,
] as const;
