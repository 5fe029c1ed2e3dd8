import { domainError } from '#kernel';

export const identityErrors = {
  erased: () =>
    domainError('identity/erased', 'unauthenticated', 'This account was erased.', { fix: 'ask a global admin' }),
  isSuspended: () =>
    domainError('identity/suspended', 'conflict', 'A suspended user cannot become a global admin.', {
      fix: 'restore the user first: astroctl user restore EMAIL',
    }),
  noSuchUser: () =>
    domainError('identity/no-such-user', 'not-found', 'User not found. Users appear after their first login.', {
      fix: 'astroctl user list',
    }),
  noSuchSession: () =>
    domainError('identity/no-such-session', 'not-found', 'Session not found. It may have ended already.'),
  notAdmin: () => domainError('identity/not-admin', 'forbidden', 'Only a global admin can change global roles.'),
  loginRequired: () =>
    domainError('key/login-required', 'forbidden', 'An access key cannot change global roles; log in instead.', {
      fix: 'astroctl auth login',
    }),
  lastAdmin: () =>
    domainError(
      'identity/last-admin',
      'conflict',
      'The platform needs at least one global admin; promote another user first.',
      {
        fix: 'astroctl user set-global-role EMAIL admin',
      },
    ),
};

export type IdentityError = ReturnType<(typeof identityErrors)[keyof typeof identityErrors]>;
