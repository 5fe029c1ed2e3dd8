import { domainError } from '#kernel';
import { NewerReleaseError, type Halt } from './event-reader.ts';

/** Errors of the command runner itself. */
export const runnerErrors = {
  otherRequest: () =>
    domainError('idempotency/other-request', 'invalid', 'This Idempotency-Key was used for a different request.', {
      fix: 'send a new key with a new request',
    }),
  preconditionFailed: (expected: number, actual: number) =>
    domainError(
      'edge/precondition-failed',
      'conflict',
      `The object has changed: its current revision is ${actual}, not ${expected}.`,
      {
        fix: 'read it again, then repeat the change with the new ETag',
        extra: { expected, actual },
      },
    ),
  contended: () =>
    domainError('event-sourcing/contended', 'conflict', 'Too many concurrent changes.', {
      fix: 'try again',
      retryAfterSeconds: 1,
    }),
  deadlineExceeded: () =>
    domainError('event-sourcing/deadline-exceeded', 'unavailable', 'The request took too long; nothing was changed.', {
      fix: 'try again',
      retryAfterSeconds: 1,
    }),
  newerRelease: () =>
    domainError(
      'event-sourcing/newer-release',
      'unavailable',
      'A newer release has written events that this release cannot read.',
      {
        fix: 'finish the upgrade, then try again',
        retryAfterSeconds: 10,
      },
    ),
  chainBroken: () =>
    domainError(
      'event-store/chain-broken',
      'unavailable',
      'The stored history of this object is damaged; nothing was changed.',
      { fix: 'ask the operator of the platform to run: npm run admin:verify' },
    ),
};

/** Returns the error for a command on a stream that cannot be read. */
export const haltRefusal = (halt: Halt) =>
  halt instanceof NewerReleaseError ? runnerErrors.newerRelease() : runnerErrors.chainBroken();
