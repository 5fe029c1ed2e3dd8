import { domainError } from '#kernel';

/** Errors about attempts. */
export const attemptErrors = {
  claimLost: () =>
    domainError('deployments/claim-lost', 'conflict', 'This claim is not the current claim of the attempt.', {
      fix: 'stop working on it',
    }),
  claimed: (retryInMs: number) =>
    domainError('deployments/claimed', 'conflict', 'Another worker holds this attempt.', { extra: { retryInMs } }),
  claimExpired: () =>
    domainError('deployments/claim-expired', 'conflict', 'The claim on this attempt has expired.', {}),
  attemptEnded: () => domainError('deployments/attempt-ended', 'conflict', 'This attempt has ended.', {}),
};
