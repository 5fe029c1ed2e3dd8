export { damageLog, followLog, logHead, logOf } from './log.ts';
export { formOfName, vaultNames } from './vault-names.ts';
