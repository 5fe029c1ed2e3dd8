/** Log line of one container. */
export interface BufferedLine {
  readonly pod: string;
  readonly container: string;
  readonly time: string | null;
  readonly line: string;
  /** Number of dropped lines before this one. */
  readonly dropped?: number;
}

/** Limits of a buffer. */
export interface LogBufferLimits {
  /** Maximum number of lines. Defaults to 2,000. */
  readonly lines?: number;
  /** Maximum size in UTF-16 code units. Defaults to 1 Mi. */
  readonly size?: number;
}

/**
 * Buffers lines of many writers for one reader, up to its limits and one more line. Lines that do not fit are counted.
 * The next line that fits carries the count, or the newest dropped line if none follows, so that a gap is always
 * reported.
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

  /** Returns whether a line of this length fits. An empty buffer accepts any line. */
  fits(length: number): boolean {
    return this.held.length === 0 || (this.held.length < this.maxLines && this.size + length <= this.maxSize);
  }

  /** Returns false if the line did not fit and was only counted. */
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

  /** Removes and returns the oldest line. */
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

/** Splits the server's timestamp (RFC 3339 with nanoseconds) from a line. A line without one is kept completely. */
export function splitTime(raw: string): { readonly time: string | null; readonly line: string } {
  const stamp = STAMP.exec(raw);
  return stamp?.[1] === undefined ? { time: null, line: raw } : { time: stamp[1], line: raw.slice(stamp[0].length) };
}

/** Returns whether timestamp `a` is later than `b`. Both are in UTC, from one server, which may omit trailing zeros. */
export const isLater = (a: string, b: string): boolean => fraction(a) > fraction(b);
const fraction = (stamp: string): string => {
  const [seconds = '', rest = ''] = stamp.replace(/Z$/, '').split('.');
  return `${seconds}.${rest.padEnd(9, '0')}`;
};
