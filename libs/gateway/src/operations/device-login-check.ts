import type { Fetch } from '#http';
import { abortAfter, type Clock } from '#kernel';
import type { Configuration } from '#runtime';
import type { CheckResult } from '#runtime/contract';
import { z } from 'zod';

type ExternalIssuer = Configuration['oidc'] & { readonly kind: 'external' };

/** The part of `fetch` that is used. Injected, so that tests respond. */
type Post = (
  url: string,
  init: {
    readonly method: 'POST';
    readonly body: URLSearchParams;
    readonly signal: AbortSignal;
    readonly redirect: 'error';
  },
) => Promise<Response>;

const TIMEOUT_MS = 3_000;
const NAME = 'device login';
const discovery = z.object({ device_authorization_endpoint: z.url() });
const refusal = z.object({ error: z.string().max(200) });

/**
 * Starts a device login at an external issuer, as `astroctl auth login` does, which finds a wrong client, audience, or
 * scope. Nobody enters its code, so that it expires.
 */
export async function deviceLoginCheck(
  issuer: ExternalIssuer,
  { fetch, post, clock }: { readonly fetch: Fetch; readonly post: Post; readonly clock: Clock },
): Promise<CheckResult> {
  const signal = abortAfter(clock, TIMEOUT_MS);
  const failed = (message: string, fix: string): CheckResult => ({ name: NAME, status: 'failed', message, fix });
  try {
    const url = `${issuer.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const document = await fetch(url, { signal, headers: { accept: 'application/json' }, redirect: 'error' });
    const found = discovery.safeParse(await document.json());
    if (!found.success)
      return failed(
        'The issuer has no device authorization endpoint, which astroctl needs for logins.',
        'enable the device authorization grant at the issuer',
      );
    const { audience, resource, scope, cliClientId } = issuer;
    const body = new URLSearchParams({
      client_id: cliClientId,
      scope,
      audience,
      ...(resource !== undefined && { resource }),
    });
    const init = { method: 'POST', body, signal, redirect: 'error' } as const;
    const response = await post(found.data.device_authorization_endpoint, init);
    if (response.ok)
      return { name: NAME, status: 'ok', message: 'The issuer starts device logins of astroctl.', fix: null };
    const refused = refusal.safeParse(await response.json());
    const error =
      refused.success && /^[a-z_]+$/.test(refused.data.error) ? refused.data.error : `status ${response.status}`;
    return failed(`The issuer refuses device logins of astroctl (${error}).`, fixOf(error));
  } catch {
    return failed(
      'The device login cannot be tried: the issuer does not respond.',
      'check ASTRO_OIDC_ISSUER and the network',
    );
  }
}

/** Returns what to change, and where it is at Auth0. */
function fixOf(error: string): string {
  switch (error) {
    case 'unauthorized_client':
      return 'allow the device grant for ASTRO_OIDC_CLI_CLIENT_ID; Auth0: Applications > the native application > Settings > Advanced Settings > Grant Types > Device Code';
    case 'invalid_client':
      return 'check ASTRO_OIDC_CLI_CLIENT_ID; Auth0: Applications > the native application > Settings > Client ID';
    case 'access_denied':
    case 'invalid_target':
      return 'check ASTRO_OIDC_AUDIENCE; Auth0: Applications > APIs > the API > Settings > Identifier';
    case 'invalid_scope':
      return 'check ASTRO_OIDC_SCOPE; Auth0: Applications > APIs > the API > Settings > Allow Offline Access';
    default:
      return 'see docs/operations/login.md';
  }
}
