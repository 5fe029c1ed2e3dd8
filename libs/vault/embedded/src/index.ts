export { openEmbeddedVault } from './embedded-vault.ts';
export { loadOrCreateSealingKeys } from './key-file.ts';
