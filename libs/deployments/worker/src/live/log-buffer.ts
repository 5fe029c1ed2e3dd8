/** One line of one container, on its way to a reader. */
export interface BufferedLine {
  readonly pod: string;
  readonly container: string;
  readonly time: string | null;
  readonly line: string;
  /** Lines lost since the line before this one. */
  readonly dropped?: number;
}

export interface LogBufferLimits {
  /** Lines at most; 2,000 when left out. */
  readonly lines?: number;
  /** UTF-16 code units at most; 1 Mi when left out. */
  readonly size?: number;
}

/**
 * Holds lines between many writers and one reader, never more than its limits and one. What does not fit is counted, and the
 * count goes out with the next line that does, or with the newest of those that did not when nothing came after it: a gap is
 * always seen.
 */
export class LogBuffer {
  private readonly held: BufferedLine[] = [];
  private size = 0;
  private lost = 0;
  private newestLost: BufferedLine | undefined;
  private readonly maxLines: number;
  private readonly maxSize: number;

  constructor(limits: LogBufferLimits = {}) {
    this.maxLines = limits.lines ?? 2_000;
    this.maxSize = limits.size ?? 1024 * 1024;
  }

  get isEmpty(): boolean {
    return this.held.length === 0 && this.lost === 0;
  }

  /** Whether a line of this length would be taken. One line is always taken when nothing is held. */
  fits(length: number): boolean {
    return this.held.length === 0 || (this.held.length < this.maxLines && this.size + length <= this.maxSize);
  }

  /** False when it did not fit; it is then only counted. */
  push(line: BufferedLine): boolean {
    if (!this.fits(line.line.length)) {
      this.lost++;
      this.newestLost = line;
      return false;
    }
    this.held.push(this.afterGap(line, this.lost));
    this.size += line.line.length;
    return true;
  }

  /** The oldest line. */
  shift(): BufferedLine | undefined {
    const line = this.held.shift();
    if (line) this.size -= line.line.length;
    return line ?? (this.newestLost && this.afterGap(this.newestLost, this.lost - 1));
  }

  private afterGap(line: BufferedLine, dropped: number): BufferedLine {
    this.lost = 0;
    this.newestLost = undefined;
    return dropped === 0 ? line : { ...line, dropped };
  }
}

const STAMP = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})) ?/;

/** Splits the server's timestamp (RFC 3339, nanoseconds) from a line; a line without one keeps its text. */
export function splitTime(raw: string): { readonly time: string | null; readonly line: string } {
  const stamp = STAMP.exec(raw);
  return stamp?.[1] === undefined ? { time: null, line: raw } : { time: stamp[1], line: raw.slice(stamp[0].length) };
}

/** Whether stamp `a` is later than `b`; both as one server wrote them (UTC, digits perhaps cut at the end). */
export const isLater = (a: string, b: string): boolean => fraction(a) > fraction(b);
const fraction = (stamp: string): string => {
  const [seconds = '', rest = ''] = stamp.replace(/Z$/, '').split('.');
  return `${seconds}.${rest.padEnd(9, '0')}`;
};
