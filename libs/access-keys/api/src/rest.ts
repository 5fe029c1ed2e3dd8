import {
  createKeyRequest,
  getKeyRequest,
  listKeysRequest,
  loginRequest,
  revokeKeyRequest,
} from '#access-keys/contract';

/** What the gateway makes routes of. */
export const accessKeysRest = [
  loginRequest,
  listKeysRequest,
  createKeyRequest,
  getKeyRequest,
  revokeKeyRequest,
] as const;
