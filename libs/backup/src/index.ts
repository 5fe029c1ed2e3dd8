export { erasureLine, erasuresIn, readErasures, type Erasures } from './erasures.ts';
export { checkBackup, restoreBackup, verifyRestored } from './restore-backup.ts';
export { writeBackup } from './write-backup.ts';
