import {
  createKeyRequest,
  getKeyRequest,
  listKeysRequest,
  loginRequest,
  reportLeakedKeyRequest,
  revokeKeyRequest,
  rotateKeyRequest,
} from '#access-keys/contract';

export { createLeakedKeys } from './leaked-keys.ts';
export { createKeyUse, type KeyUse } from './key-use.ts';

/** Requests that the gateway serves over HTTP. */
export const accessKeysRest = [
  loginRequest,
  listKeysRequest,
  createKeyRequest,
  getKeyRequest,
  revokeKeyRequest,
  rotateKeyRequest,
  reportLeakedKeyRequest,
] as const;
