import {
  createKeyRequest,
  getKeyRequest,
  listKeysRequest,
  loginRequest,
  revokeKeyRequest,
} from '#access-keys/contract';

export { createKeyUse, type KeyUse } from './key-use.ts';

/** What the gateway makes routes of. */
export const accessKeysRest = [
  loginRequest,
  listKeysRequest,
  createKeyRequest,
  getKeyRequest,
  revokeKeyRequest,
] as const;
