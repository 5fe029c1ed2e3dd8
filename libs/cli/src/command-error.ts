import type { DomainError, InputError } from '#kernel';
import { EXIT_CODES, ExitCode } from './exit-codes.ts';

/** Why a command failed. */
export interface CommandError {
  readonly failure: true;
  readonly exit: number;
  /** One sentence, which begins with the name of the object if there is one. */
  readonly detail: string;
  /** What to do; if possible, a command. */
  readonly fix?: string;
  readonly code?: string;
  /** Parts of the input that the server rejected; `detail` includes them. */
  readonly errors?: readonly InputError[];
  /** Absent if nothing was sent. */
  readonly requestId?: string;
  /** The server's problem document, printed with `-o json`. */
  readonly problem?: unknown;
}

export const isCommandError = (outcome: unknown): outcome is CommandError =>
  typeof outcome === 'object' && outcome !== null && 'failure' in outcome;

/** Thrown where a failure cannot be returned, as in a stream. */
export class CommandFailedError extends Error {
  constructor(readonly failure: CommandError) {
    super(failure.detail);
  }
}

/** Returns the error for wrong usage, or for a prompt without a terminal: exit code 2, and nothing was done. */
export const usage = (detail: string, fix?: string): CommandError => ({
  failure: true,
  exit: ExitCode.Usage,
  detail,
  ...(fix !== undefined && { fix }),
});

/** Returns an error found on this machine before anything was sent. */
export const localError = (exit: number, detail: string, fix?: string, code?: string): CommandError => ({
  failure: true,
  exit,
  detail,
  ...(fix !== undefined && { fix }),
  ...(code !== undefined && { code }),
});

/**
 * Converts the server's error, or the error that there was no response.
 *
 * @param status HTTP status; absent if there was no response
 */
export function serverError(
  error: DomainError,
  status: number | undefined,
  requestId: string | undefined,
): CommandError {
  const isLimit = status === 429 || error.code.endsWith('-limit');
  const exit = isLimit
    ? EXIT_CODES.limit
    : status !== undefined && (status === 500 || EDGE_STATUSES.has(status))
      ? ExitCode.Failed
      : EXIT_CODES[error.kind];
  const shown = error.errors?.filter(({ message }) => !error.detail.includes(message)); // not repeated
  const faults = shown?.map(({ pointer, message }) => `${pointer || '/'} ${message}`) ?? [];
  const detail = faults.length > 0 ? `${error.detail.replace(/\.$/, '')}: ${faults.join('; ')}.` : error.detail;
  return {
    failure: true,
    exit,
    detail,
    ...(error.fix !== undefined && { fix: error.fix }),
    ...(error.errors && { errors: error.errors }),
    code: error.code,
    ...(requestId !== undefined && { requestId }),
    problem: {
      ...error.extra,
      status,
      code: error.code,
      detail: error.detail,
      fix: error.fix,
      errors: error.errors,
      requestId,
    },
  };
}

/** Returns the error with exit code 2 or above, for commands whose exit code 1 is a result, such as `app diff`. */
export const withErrorExit = (failure: CommandError): CommandError =>
  failure.exit < ExitCode.Usage ? { ...failure, exit: ExitCode.Usage } : failure;

const EDGE_STATUSES = new Set([400, 405, 406, 412, 413, 414, 415, 431]);

/**
 * Formats an error: `Error:` and a sentence, `Fix:` and what to do, `Ref:` with code and request ID. With `-o json`,
 * the problem document.
 */
export function commandErrorText(failure: CommandError, asJson: boolean): string {
  if (asJson) {
    const { detail, fix, code, exit } = failure;
    return `${JSON.stringify(failure.problem ?? { code, detail, fix, exit })}\n`;
  }
  const lines = [`Error: ${printable(failure.detail)}`];
  if (failure.fix !== undefined) lines.push(`Fix:   ${printable(failure.fix)}`);
  if (failure.code !== undefined && failure.requestId !== undefined)
    lines.push(`Ref:   ${failure.code}  request ${failure.requestId}`);
  return `${lines.join('\n')}\n`;
}

/** Escapes control characters, including escape sequences, so that text from others is safe to print to a terminal. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
