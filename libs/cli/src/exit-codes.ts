import type { ErrorKind } from '#kernel';

/** Exit codes besides those of the kinds of refusals. */
export const ExitCode = {
  Success: 0,
  /** Some of several failed; a fault of ours; refused by the edge. */
  Failed: 1,
  /** The command was used wrongly. */
  Usage: 2,
  /** A rollout failed or is degraded. */
  RolloutFailed: 3,
  /** Time is over, or still pending. */
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
