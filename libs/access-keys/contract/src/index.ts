export {
  createKeyRequest,
  endLoginKeysRequest,
  getKeyRequest,
  keyInUrlRequest,
  keysUsedRequest,
  listKeysRequest,
  loginRequest,
  reportLeakedKeyRequest,
  revokeKeyRequest,
  setKeyLimitsRequest,
  type AccessKeyView,
} from './keys.contract.ts';
