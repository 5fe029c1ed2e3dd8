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
    domainError('identity/no-such-session', 'not-found', 'Session not found. It may have ended already.', {
      fix: 'list your sessions: astroctl auth sessions list',
    }),
  noBuiltInIssuer: () =>
    domainError('identity/no-built-in-issuer', 'conflict', 'This platform has no built-in issuer.', {
      fix: 'set the same ASTRO_OIDC_ISSUER for all services, and restart them',
    }),
  notAdmin: () => domainError('identity/not-admin', 'forbidden', 'Only a global admin can change global roles.'),
  loginRequired: () =>
    domainError('key/login-required', 'forbidden', 'An access key cannot change global roles; log in instead.', {
      fix: 'astroctl auth login',
    }),
  passwordsElsewhere: (issuer: string) =>
    domainError(
      'identity/external-issuer',
      'conflict',
      `This platform stores no passwords: people log in at ${issuer}.`,
      { fix: 'reset the password there' },
    ),
  noSuchAccount: () =>
    domainError('identity/no-such-account', 'not-found', 'No account of the built-in issuer has this address or ID.', {
      fix: 'astroctl user list, or invite the person: astroctl org invite EMAIL',
    }),
  noSuchLink: () =>
    domainError('identity/no-such-link', 'not-found', 'This link is not valid; a newer one may have replaced it.', {
      fix: 'ask for a new link: astroctl user reset-password EMAIL',
    }),
  linkUsed: () =>
    domainError('identity/link-used', 'conflict', 'This link was already used.', {
      fix: 'log in, or ask for a new link: astroctl user reset-password EMAIL',
    }),
  linkExpired: () =>
    domainError('identity/link-expired', 'conflict', 'This link has expired.', {
      fix: 'ask for a new link: astroctl user reset-password EMAIL',
    }),
  passwordForm: () =>
    domainError('identity/password-form', 'invalid', 'The password must have 8 to 1000 characters.', {
      fix: 'choose a longer password',
    }),
  hasAccount: () =>
    domainError('identity/has-account', 'conflict', 'This address already has an account; log in with its password.', {
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
