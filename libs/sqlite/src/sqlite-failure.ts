import { reasonOf } from '#files';

/**
 * Kind of a failure: `damaged` (the content is invalid), `foreign` (a database of another program), `newer` (written by
 * a newer release), `full` (the disk is full; the changes were rolled back), `unavailable` (another state of the file
 * or the machine), `other` (a defect of this program, such as an invalid statement).
 */
export type SqliteFailureKind = 'damaged' | 'foreign' | 'newer' | 'full' | 'unavailable' | 'other';

export interface SqliteFailure {
  readonly kind: SqliteFailureKind;
  /** Whether the store was being opened. It is then unusable. */
  readonly isOpening: boolean;
  /** Message for the operator: names the file, and says what to do if possible. Ends with a full stop. */
  readonly sentence: string;
  readonly cause: unknown;
}

/** Parts of a store's error messages. */
export interface SqliteWording {
  /** Name of the store, such as `The vault`. */
  readonly title: string;
  readonly path: string;
  /** Consequence of deleting the file: `it is rebuilt from the log`. Missing if its content exists nowhere else. */
  readonly whenDeleted?: string;
}

/** SQLite's primary result code. */
const FULL = 13;
/**
 * Extended result codes: a write failed, for example because of a quota; no space for the index of the write-ahead log.
 */
const REFUSED_WRITES: ReadonlySet<number> = new Set([10 | (3 << 8), 10 | (19 << 8)]);
const DAMAGED: ReadonlySet<number> = new Set([11, 26]); // corrupt, not a database
// Busy, locked, no memory, read-only, interrupted, I/O, cannot open.
const UNAVAILABLE: ReadonlySet<number> = new Set([5, 6, 7, 8, 9, 10, 14]);

/** Returns SQLite's primary result code; `undefined` for any other error. */
export function resultCodeOf(error: unknown): number | undefined {
  const code = extendedCodeOf(error);
  return code === undefined ? undefined : code & 0xff;
}

/** Does not use `instanceof`, because node:sqlite throws plain errors. */
const extendedCodeOf = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode
    : undefined;

/** Classifies an error of SQLite, or of the file system while opening; undefined for any other error. */
export function failureOf(cause: unknown, isOpening: boolean, wording: SqliteWording): SqliteFailure | undefined {
  const code = extendedCodeOf(cause);
  const kind = code === undefined ? systemKind(cause, isOpening) : kindOf(code);
  return kind && { kind, isOpening, sentence: sentenceOf(kind, isOpening, reasonOf(messageOf(cause)), wording), cause };
}

function kindOf(extended: number): SqliteFailureKind {
  const code = extended & 0xff;
  if (DAMAGED.has(code)) return 'damaged';
  if (code === FULL || REFUSED_WRITES.has(extended)) return 'full';
  return UNAVAILABLE.has(code) ? 'unavailable' : 'other';
}

/** Classifies an error of the operating system, which can only occur while folder and file are created. */
function systemKind(error: unknown, isOpening: boolean): SqliteFailureKind | undefined {
  if (!isOpening || typeof error !== 'object' || error === null || !('syscall' in error)) return undefined;
  return 'code' in error && error.code === 'ENOSPC' ? 'full' : 'unavailable';
}

/** Returns SQLite's message. node:sqlite sets the same `code` on every error. */
const messageOf = (error: unknown): unknown =>
  resultCodeOf(error) !== undefined && typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : error;

export function sentenceOf(
  kind: SqliteFailureKind,
  isOpening: boolean,
  reason: string,
  { title, path, whenDeleted }: SqliteWording,
): string {
  switch (kind) {
    case 'damaged':
      return whenDeleted === undefined
        ? `${title} ${path} is damaged; restore it from a backup.`
        : `${title} ${path} is damaged; stop the platform, delete the file with its -wal and -shm, and start again: ${whenDeleted}.`;
    case 'foreign':
      return `${title} ${path} is a database of another program; move it, or use another folder.`;
    case 'newer':
      return `${title} ${path} was written by a newer release of the platform; start that release${whenDeleted === undefined ? '' : `, or delete the file: ${whenDeleted}`}.`;
    case 'full':
      return `${title} ${path} cannot be written: the disk is full (${reason}).`;
    default:
      return `${title} ${path} ${isOpening ? 'cannot be opened' : 'did not respond'} (${reason}).`;
  }
}

/** Returns whether the disk or the file failed, as opposed to the statement. */
export function isFailureOfStore(error: unknown): boolean {
  const code = extendedCodeOf(error);
  return code !== undefined && kindOf(code) !== 'other';
}
