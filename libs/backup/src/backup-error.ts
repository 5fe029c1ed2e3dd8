/** A backup cannot be written, read, or imported. The message is one or two sentences for the operator. */
export class BackupError extends Error {
  readonly code = 'backup/refused';
}
