export { createPrivateFile, makePrivate, makePrivateFolder, writePrivateFile } from './private-files.ts';
export { isSystemError, reasonOf } from './system-errors.ts';
