import type { Clock, Ids } from '#kernel';

/** The environment of a command. Tests replace it. */
export interface Io {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean };
  readonly home: string;
  readonly hostname: string;
  readonly cwd: string;
  /** Path with which astroctl can be run again. */
  readonly self: string;
  /** File that Node.js runs. */
  readonly program: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /**
   * Resolves after `ms` milliseconds, or immediately when `signal` aborts. Unlike a clock's timer, keeps the process
   * alive.
   */
  pause(ms: number, signal?: AbortSignal): Promise<void>;
  /** Opens an address in the browser; false if there is none. */
  openBrowser(url: string): boolean;
  /** Aborts on the first interrupt. */
  readonly interrupted: AbortSignal;
}

/** Returns whether prompts are possible. */
export const hasTerminal = ({ stdin, stderr }: Pick<Io, 'stdin' | 'stderr'>): boolean =>
  stdin.isTTY === true && stderr.isTTY === true;

/**
 * Reads standard input as text.
 *
 * @throws RangeError if there are more than `limitBytes`
 */
export async function readAll(stdin: Io['stdin'], limitBytes: number): Promise<string> {
  return (await readBytes(stdin, limitBytes)).toString('utf8');
}

/** Like {@link readAll}, but returns the bytes. */
export async function readBytes(stdin: Io['stdin'], limitBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of stdin) {
    const bytes = Buffer.from(part);
    length += bytes.length;
    if (length > limitBytes) throw new RangeError(`more than ${limitBytes} bytes on standard input`);
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}
