import type { Clock, Ids } from '#kernel';

/** Everything a command may touch of the world; tests give their own. */
export interface Io {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean };
  readonly home: string;
  readonly hostname: string;
  readonly cwd: string;
  /** Path by which astroctl can be called again. */
  readonly self: string;
  /** File that Node runs. */
  readonly program: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Settles after `ms` milliseconds, or at once when `signal` aborts. Keeps the process alive, which a timer of the clock does not. */
  pause(ms: number, signal?: AbortSignal): Promise<void>;
  /** Opens an address in the person's browser; false when there is none. */
  openBrowser(url: string): boolean;
  /** Aborts on the first interrupt. */
  readonly interrupted: AbortSignal;
}

/** Whether a person can be asked. */
export const hasTerminal = ({ stdin, stderr }: Pick<Io, 'stdin' | 'stderr'>): boolean =>
  stdin.isTTY === true && stderr.isTTY === true;

/** All of standard input as text. @throws RangeError above `limitBytes` */
export async function readAll(stdin: Io['stdin'], limitBytes: number): Promise<string> {
  return (await readBytes(stdin, limitBytes)).toString('utf8');
}

/** As {@link readAll}, but the bytes. */
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
