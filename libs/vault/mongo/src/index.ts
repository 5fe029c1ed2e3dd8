export { openMongoVault } from './mongo-vault.ts';
