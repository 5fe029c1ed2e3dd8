export {
  accessKeyView,
  createKeyRequest,
  getKeyRequest,
  KEY_STATES,
  keysUsedRequest,
  listKeysRequest,
  loginRequest,
  revokeKeyRequest,
  setKeyLimitsRequest,
  type AccessKeyView,
} from './keys.contract.ts';
