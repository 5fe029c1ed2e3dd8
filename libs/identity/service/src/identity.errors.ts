import { domainError } from '#kernel';

export const identityErrors = {
  erased: () =>
    domainError('identity/erased', 'unauthenticated', 'This account was erased.', { fix: 'ask a platform admin' }),
  noSuchUser: () =>
    domainError('identity/no-such-user', 'not-found', 'No such user has logged in yet.', { fix: 'astroctl user list' }),
  notAdmin: () => domainError('identity/not-admin', 'forbidden', 'Only a global admin may change global roles.'),
  loginRequired: () =>
    domainError('key/login-required', 'forbidden', 'An access key may not change global roles; it needs a login.', {
      fix: 'astroctl auth login',
    }),
  lastAdmin: () =>
    domainError('identity/last-admin', 'conflict', 'The last global admin stays; make another one first.', {
      fix: 'astroctl user set-global-role EMAIL admin',
    }),
};

export type IdentityError = ReturnType<(typeof identityErrors)[keyof typeof identityErrors]>;
