import { domainError } from '#kernel';

const AGAIN = 'log in again: open /console/login of the platform in your browser';

/** Errors of the console and its login. */
export const consoleErrors = {
  notBuilt: () =>
    domainError('console/not-built', 'unavailable', 'The console is not available on this platform.', {
      fix: 'ask the operator of the platform to run npm run build; platform.log has the reason',
    }),
  notConfigured: () =>
    domainError('login/not-configured', 'not-found', 'This platform has no login for the console.', {
      fix: 'register a web application at the issuer, and set ASTRO_OIDC_CONSOLE_CLIENT_ID',
    }),
  attemptLost: () =>
    domainError(
      'login/attempt-lost',
      'unauthenticated',
      'No login is in progress in this browser, or it has expired.',
      {
        fix: AGAIN,
      },
    ),
  refused: (error: string) =>
    domainError('login/refused', 'unauthenticated', `The issuer refused the login (${error}).`, { fix: AGAIN }),
  failed: () =>
    domainError('login/failed', 'unauthenticated', 'The login could not be verified.', {
      fix: `${AGAIN}; platform.log has the reason`,
    }),
};
