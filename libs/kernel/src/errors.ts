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

/** One of seven; HTTP status and CLI exit code are each one table over them. */
export type ErrorKind = (typeof ERROR_KINDS)[number];

/** What is wrong with one part of an input. */
export interface InputError {
  /** Where: RFC 6901 JSON pointer into the request's body or parameters. */
  readonly pointer: string;
  /** For people; follows the name of the part: `must be a number, not a string`. */
  readonly message: string;
  /** For programs: set where the part is a field that does not exist. */
  readonly unknownField?: {
    /** The known field that was probably meant. */
    readonly nearest?: string;
  };
  /** Where in the text at `pointer`, counted from 1, when that text has lines of its own. */
  readonly place?: { readonly line: number; readonly column: number };
}

/** Why a request was refused, on its way from a decision to the person who sent it. */
export interface DomainError<Code extends string = string> {
  /** Stable, documented, for programs: `context/words`; the code of a limit ends in `-limit`. */
  readonly code: Code;
  readonly kind: ErrorKind;
  /** One sentence for people, safe to show to the caller; ends with a full stop. */
  readonly detail: string;
  /** What the caller can do about it, in one line; best something to type. */
  readonly fix?: string;
  readonly errors?: readonly InputError[];
  /** Further members of the problem document (`limit`, `used`, `plan`, `pricingUrl`); never a secret. */
  readonly extra?: Readonly<Record<string, Json>>;
  /** Seconds after which a retry makes sense; becomes the header Retry-After. */
  readonly retryAfterSeconds?: number;
}

/** Builds a refusal; contexts wrap it in a table of their own errors. */
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
  /** Whether it answers, and cannot write, as on a full disk. */
  readonly isDiskFull?: boolean;
}

/**
 * Something that a service stands on does not answer. It is thrown, as no decision depends on it. Operators read the message;
 * `error` is for the caller.
 */
export class UnavailableError<Code extends string = string> extends Error {
  readonly error: DomainError<Code | 'platform/disk-full'>;
  /** Whether it could not write: nothing has taken effect. */
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
