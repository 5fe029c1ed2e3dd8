export { VaultDamagedError } from './database.ts';
export { openEmbeddedVault, type EmbeddedVaultOptions } from './embedded-vault.ts';
export { loadOrCreateSealingKeys } from './key-file.ts';
