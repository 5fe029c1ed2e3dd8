export {
  checkRecordName,
  copiesOf,
  decodeText,
  encodeText,
  VAULT,
  vaultConflict,
  VaultSealError,
  VaultUnavailableError,
  type PutOptions,
  type SealedCopy,
  type SealedVault,
  type Vault,
  type VaultRecord,
} from './vault.ts';
export { createdOnce } from './created-once.ts';
export { formatSealingKeys, parseSealingKeys, type SealingKey } from './sealing-keys.ts';
export {
  openRecord,
  PART_BYTES,
  rewrapKey,
  sealParts,
  sealRecord,
  unwrapKey,
  type RecordIdentity,
  type WrappedKey,
} from './sealing.ts';
export { removeUnnamed, UNNAMED_EVERY_MS } from './unnamed-records.ts';
