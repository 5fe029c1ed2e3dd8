export { damageLog, followLog, logOf } from './log.ts';
export { formOfName, vaultNames } from './vault-names.ts';
