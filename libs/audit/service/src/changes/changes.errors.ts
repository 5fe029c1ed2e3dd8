import { domainError } from '#kernel';

export const changesErrors = {
  tooManyMissed: (events: number) =>
    domainError(
      'audit/too-many-missed',
      'conflict',
      `More than ${events.toLocaleString('en-US')} events were recorded since that position.`,
      { fix: 'follow without after, and read again what is shown' },
    ),
};
