import type { Json } from './json.ts';

export const ERROR_KINDS = [
  'invalid',
  'unauthenticated',
  'forbidden',
  'not-found',
  'conflict',
  'limit',
  'unavailable',
] as const;

/** One of seven kinds. HTTP status and CLI exit code are each a table over them. */
export type ErrorKind = (typeof ERROR_KINDS)[number];

/** An error in one part of an input. */
export interface InputError {
  /** RFC 6901 JSON pointer into the request's body or parameters. */
  readonly pointer: string;
  /** For people, without the name of the part: `must be a number, not a string`. */
  readonly message: string;
  /** For programs: set if the part is a field that does not exist. */
  readonly unknownField?: {
    /** The existing field that was probably meant. */
    readonly nearest?: string;
  };
  /** Position in the text at `pointer`, counted from 1, if that text has lines of its own. */
  readonly place?: { readonly line: number; readonly column: number };
}

/** Why a request was rejected, as a decision returns it and the caller receives it. */
export interface DomainError<Code extends string = string> {
  /** Stable and documented, for programs: `context/words`. The code of a limit ends in `-limit`. */
  readonly code: Code;
  readonly kind: ErrorKind;
  /** One sentence for people, safe to show to the caller. Ends with a full stop. */
  readonly detail: string;
  /** What the caller can do about it, in one line; if possible, a command. */
  readonly fix?: string;
  readonly errors?: readonly InputError[];
  /** Further members of the problem document (`limit`, `used`, `plan`, `pricingUrl`). Never a secret. */
  readonly extra?: Readonly<Record<string, Json>>;
  /** Seconds after which a retry is useful; sent as the header Retry-After. */
  readonly retryAfterSeconds?: number;
}

/** Creates an error. Contexts define their errors with it. */
export function domainError<Code extends string>(
  code: Code,
  kind: ErrorKind,
  detail: string,
  more: Omit<DomainError, 'code' | 'kind' | 'detail'> = {},
): DomainError<Code> {
  return { code, kind, detail, ...more };
}

export interface UnavailableOptions {
  readonly cause?: unknown;
  /** Whether the dependency responds but cannot write, as with a full disk. */
  readonly isDiskFull?: boolean;
}

/**
 * Thrown when a dependency of a service does not respond; not returned, because no decision handles it. Operators read
 * the message; the caller receives `error`.
 */
export class UnavailableError<Code extends string = string> extends Error {
  readonly error: DomainError<Code | 'platform/disk-full'>;
  /** Whether a write failed; nothing has taken effect. */
  readonly isDiskFull: boolean;

  constructor(message: string, error: DomainError<Code>, { cause, isDiskFull = false }: UnavailableOptions = {}) {
    super(message, { cause });
    this.isDiskFull = isDiskFull;
    this.error = isDiskFull ? diskFull() : error;
  }
}

const diskFull = (): DomainError<'platform/disk-full'> =>
  domainError(
    'platform/disk-full',
    'unavailable',
    'The disk of the platform is full or not writable. Nothing was changed.',
    {
      fix: 'try again later, or ask the operator of the platform to free some space',
      retryAfterSeconds: 30,
    },
  );
