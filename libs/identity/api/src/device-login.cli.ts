import {
  hasTerminal,
  isCommandError,
  localError,
  EXIT_CODES,
  type CommandError,
  type LoginFlow,
  type Session,
} from '#cli';
import { aboutRequest } from '#identity/contract';
import type * as OpenIdClient from 'openid-client';
import { driveDevicePages } from './device-pages.cli.ts';

export interface DeviceLoginOptions {
  /** Whether to open the browser. */
  readonly openBrowser: boolean;
  /** Completes the issuer's pages with this account instead of a browser. */
  readonly account?: { readonly email: string; readonly password: string };
}

/** How long a login is valid for commands that require one. */
const STEP_UP_MS = 15 * 60_000;

/** Runs the device login of a command that requires a login. Requires a terminal. */
export const interactiveLogin: LoginFlow = (session) => {
  if (!hasTerminal(session.io))
    return Promise.resolve(
      localError(EXIT_CODES.unauthenticated, 'Login required, but there is no terminal.', 'Run: astroctl auth login'),
    );
  return deviceLogin(session, { openBrowser: true });
};

/**
 * Runs the OAuth 2.0 device authorization grant (RFC 8628) at the platform's issuer.
 *
 * @returns an access token for the platform, and until when it counts as a recent login
 */
export async function deviceLogin(
  session: Session,
  options: DeviceLoginOptions,
): Promise<{ readonly accessToken: string; readonly expiresAt: string } | CommandError> {
  const about = await session.call(aboutRequest, {});
  if (!about.ok) return about.failure;
  const { issuer, audience, cliClientId } = about.value;
  // An older platform does not return these. A null resource is not sent.
  const { scope = 'openid email profile', resource = audience } = about.value as Partial<typeof about.value>;
  const client = await import('openid-client');
  try {
    const isLoopback = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/.test(issuer);
    const config = await client.discovery(
      new URL(issuer),
      cliClientId,
      undefined,
      client.None(),
      isLoopback ? { execute: [client.allowInsecureRequests] } : {},
    );
    const started = await client.initiateDeviceAuthorization(config, {
      scope,
      audience, // the parameter with which Auth0 selects an API; others ignore it
      ...(resource !== null && { resource }),
    });
    const address = started.verification_uri_complete ?? started.verification_uri;
    const drive = options.account && driveDevicePages(address, started.user_code, options.account);
    if (!drive) {
      session.print.note(`Open ${started.verification_uri} and enter the code ${started.user_code}`);
      if (options.openBrowser) session.io.openBrowser(address);
    }
    const driven = await drive;
    if (driven && isCommandError(driven)) return driven;
    const tokens = await client.pollDeviceAuthorizationGrant(config, started, undefined, {
      signal: session.io.interrupted,
    });
    const livesMs = Math.min(STEP_UP_MS, (tokens.expires_in ?? 900) * 1_000);
    return { accessToken: tokens.access_token, expiresAt: new Date(session.io.clock.now() + livesMs).toISOString() };
  } catch (error) {
    if (session.io.interrupted.aborted) return localError(130, 'The login was interrupted.');
    return issuerFailure(client, error, issuer);
  }
}

function issuerFailure(client: typeof OpenIdClient, error: unknown, issuer: string): CommandError {
  if (error instanceof client.ResponseBodyError) {
    const reasons: Readonly<Record<string, string>> = {
      access_denied: 'The login was denied.',
      expired_token: 'The code has expired.',
    };
    return localError(
      EXIT_CODES.unauthenticated,
      reasons[error.error] ?? `The issuer refused the login (${error.error}).`,
      'Run: astroctl auth login',
    );
  }
  return localError(
    EXIT_CODES.unavailable,
    `The issuer ${issuer} cannot be used to log in (${error instanceof Error ? error.message : 'unknown error'}).`,
    'check the issuer address and your network, then try again',
  );
}
