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
  rotateKeyRequest,
  setKeyLimitsRequest,
  type AccessKeyView,
} from './keys.contract.ts';
