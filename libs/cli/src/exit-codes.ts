import type { ErrorKind } from '#kernel';

/** Exit codes in addition to those of the kinds of errors. */
export const ExitCode = {
  Success: 0,
  /** Some of several operations failed, an unexpected error, or a request rejected by the HTTP edge. */
  Failed: 1,
  /** Wrong usage. */
  Usage: 2,
  /** A rollout failed or is degraded. */
  RolloutFailed: 3,
  /** Timed out, or still pending. */
  Pending: 8,
  Interrupted: 130,
} as const;

export const EXIT_CODES: Readonly<Record<ErrorKind, number>> = {
  invalid: 1,
  unauthenticated: 4,
  forbidden: 5,
  'not-found': 6,
  conflict: 7,
  limit: 9,
  unavailable: 10,
};
