export {
  createKeyRequest,
  getKeyRequest,
  keysUsedRequest,
  listKeysRequest,
  loginRequest,
  revokeKeyRequest,
  setKeyLimitsRequest,
  type AccessKeyView,
} from './keys.contract.ts';
