import { domainError } from '#kernel';

/** Errors about rollouts. */
export const rolloutErrors = {
  /** A worker requested a vault record that no attempt needs. */
  recordNotShared: () =>
    domainError('deployments/record-not-shared', 'forbidden', 'Workers have no access to this record.'),
  recordIncomplete: () =>
    domainError('deployments/record-incomplete', 'unavailable', 'Parts of the record are missing.', {
      fix: 'send all parts again',
    }),
};
