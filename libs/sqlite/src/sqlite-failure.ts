import { reasonOf } from '#files';

/**
 * What a failure means: `damaged`, the file's bytes make no sense; `foreign`, another program's database; `newer`, a newer
 * release wrote it; `full`, the disk takes no more, and what was begun has been undone; `unavailable`, another state of the file or the machine; `other`, a
 * defect of ours, such as a statement that SQLite does not understand.
 */
export type SqliteFailureKind = 'damaged' | 'foreign' | 'newer' | 'full' | 'unavailable' | 'other';

export interface SqliteFailure {
  readonly kind: SqliteFailureKind;
  /** Whether the store was being opened. Then it cannot be used at all. */
  readonly isOpening: boolean;
  /** For the operator: names the file, and says what to do where anything can be done. Ends with a full stop. */
  readonly sentence: string;
  readonly cause: unknown;
}

/** What the sentences of a store are made of. */
export interface SqliteWording {
  /** `The vault`. */
  readonly title: string;
  readonly path: string;
  /** `it is rebuilt from the log`: what happens once the file is deleted. Absent: its content exists nowhere else. */
  readonly whenDeleted?: string;
}

/** SQLite's primary result codes. */
const FULL = 13;
/** Extended ones: a write was refused, as by a quota; no room for the index of the write-ahead log. */
const REFUSED_WRITES: ReadonlySet<number> = new Set([10 | (3 << 8), 10 | (19 << 8)]);
const DAMAGED: ReadonlySet<number> = new Set([11, 26]); // corrupt, not a database
const UNAVAILABLE: ReadonlySet<number> = new Set([5, 6, 7, 8, 9, 10, 14]); // busy, locked, no memory, read-only, interrupted, I/O, cannot open

/** SQLite's primary result code; `undefined` for any other error. */
export function resultCodeOf(error: unknown): number | undefined {
  const code = extendedCodeOf(error);
  return code === undefined ? undefined : code & 0xff;
}

/** Not `instanceof`: node:sqlite throws plain errors. */
const extendedCodeOf = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode
    : undefined;

/** The meaning of what SQLite, or the file system while the file is opened, has thrown; undefined for anything else. */
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

/** An error of the operating system: only while folder and file are made. */
function systemKind(error: unknown, isOpening: boolean): SqliteFailureKind | undefined {
  if (!isOpening || typeof error !== 'object' || error === null || !('syscall' in error)) return undefined;
  return 'code' in error && error.code === 'ENOSPC' ? 'full' : 'unavailable';
}

/** node:sqlite gives every error the same `code`; its message says more. */
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
      return `${title} ${path} ${isOpening ? 'cannot be opened' : 'did not answer'} (${reason}).`;
  }
}

/** Whether the disk or the file failed, and not what was asked of it. */
export function isFailureOfStore(error: unknown): boolean {
  const code = extendedCodeOf(error);
  return code !== undefined && kindOf(code) !== 'other';
}
