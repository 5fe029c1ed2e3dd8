import type { Clock } from '#kernel';
import type { Vault } from '#vault';
import { interactionPolicy, type Configuration, type Grant, type KoaContextWithOIDC } from 'oidc-provider';
import type { Accounts } from './accounts.ts';
import { vaultAdapter, type PollGate } from './adapter.ts';
import { codePage, confirmPage, donePage, logoutPage, PAGE_HEADERS, problemPage, signedOutPage } from './pages.ts';
import type { IssuerSecrets } from './secrets.ts';

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** Lifetimes in seconds. */
export interface Lifetimes {
  readonly accessToken: number;
  readonly refreshToken: number;
  readonly deviceCode: number;
  readonly session: number;
}

export const LIFETIMES: Lifetimes = {
  accessToken: 900,
  refreshToken: 14 * 86_400,
  deviceCode: 600,
  session: 14 * 86_400,
};

export interface ConfigurationOptions {
  readonly vault: Vault;
  readonly clock: Clock;
  readonly accounts: Accounts;
  readonly secrets: IssuerSecrets;
  readonly publicUrl: string;
  readonly audience: string;
  readonly cliClientId: string;
  readonly consoleClientId: string;
  readonly consoleRedirectUris: readonly string[];
  readonly lifetimes: Lifetimes;
  readonly onPoll: PollGate;
  /** Called for a user code that does not exist. */
  readonly onWrongUserCode: (context: KoaContextWithOIDC) => void;
}

/**
 * Returns the provider's configuration. Both clients are our own and public, so there is no consent page; their scopes
 * are fixed here.
 */
export function providerConfiguration(options: ConfigurationOptions): Configuration {
  const { accounts, secrets, audience, lifetimes } = options;
  const policy = interactionPolicy.base();
  policy.remove('consent');

  return {
    adapter: vaultAdapter(options.vault, options.clock, options.onPoll),
    clients: clientsOf(options),
    jwks: { keys: [secrets.signing] },
    cookies: {
      keys: [secrets.cookies],
      long: { path: '/', sameSite: 'lax', httpOnly: true },
      short: { path: '/', sameSite: 'lax', httpOnly: true },
    },
    interactions: { policy, url: (_context, { uid }) => `/oidc/interaction/${uid}` },
    scopes: ['openid', 'offline_access', 'profile', 'email'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    responseTypes: ['code'],
    pkce: { required: () => true },
    ttl: {
      AccessToken: lifetimes.accessToken,
      AuthorizationCode: 60,
      DeviceCode: lifetimes.deviceCode,
      Grant: lifetimes.session,
      IdToken: lifetimes.accessToken,
      Interaction: 3_600,
      RefreshToken: lifetimes.refreshToken,
      Session: lifetimes.session,
    },
    clientBasedCORS: (_context, origin) => origin === new URL(options.publicUrl).origin,
    issueRefreshToken: async (_context, client) => client.grantTypeAllowed('refresh_token'),
    loadExistingGrant: (context) => grantFor(context, audience),
    findAccount: async (_context, id) => {
      const account = await accounts.find(id);
      return account && { accountId: id, claims: async () => ({ sub: id, ...claimsOf(account) }) };
    },
    extraTokenClaims: async (_context, token) => {
      const account =
        'accountId' in token && typeof token.accountId === 'string' ? await accounts.find(token.accountId) : undefined;
      return account && { ...claimsOf(account), ...sessionClaim(token, options.consoleClientId) };
    },
    renderError: (context, { error, error_description: description }) => {
      html(context, problemPage('Something went wrong', `${description ?? error}.`));
    },
    features: featuresOf(options),
  };
}

function clientsOf(options: ConfigurationOptions): NonNullable<Configuration['clients']> {
  return [
    {
      client_id: options.cliClientId,
      client_name: 'astroctl',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: [DEVICE_GRANT, 'refresh_token'],
      response_types: [],
      redirect_uris: [],
      id_token_signed_response_alg: 'ES256',
    },
    {
      client_id: options.consoleClientId,
      client_name: 'Astro console',
      application_type: 'web',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'], // the console's session needs no tokens after the login
      response_types: ['code'],
      redirect_uris: [...options.consoleRedirectUris],
      post_logout_redirect_uris: [`${options.publicUrl}/`],
      id_token_signed_response_alg: 'ES256',
    },
  ];
}

/** Returns the enabled features, and the pages of the device flow and of logout. */
function featuresOf({
  audience,
  lifetimes,
  onWrongUserCode,
}: ConfigurationOptions): NonNullable<Configuration['features']> {
  return {
    devInteractions: { enabled: false },
    revocation: { enabled: true },
    deviceFlow: {
      enabled: true,
      charset: 'base-20',
      mask: '****-****',
      userCodeInputSource: async (context, _form, out, error) => {
        if (error?.name === 'NotFoundError') onWrongUserCode(context);
        const problem = error === undefined && out === undefined ? undefined : problemOf(error?.name);
        html(
          context,
          error?.name === 'AbortedError'
            ? problemPage('Refused', 'The device was not connected. You can close this page.')
            : codePage({ ...formOf(context), ...(problem !== undefined && { problem }) }),
        );
      },
      userCodeConfirmSource: async (context, _form, client, _device, userCode) => {
        html(
          context,
          confirmPage({ ...formOf(context), code: userCode, client: client.clientName ?? client.clientId }),
        );
      },
      successSource: async (context) => html(context, donePage()),
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: async (context, form) => html(context, logoutPage(form)),
      postLogoutSuccessSource: async (context) => html(context, signedOutPage()),
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_context, _client, oneOf) => (Array.isArray(oneOf) ? oneOf : (oneOf ?? audience)),
      useGrantedResource: () => true,
      getResourceServerInfo: (_context, resource) => {
        if (resource !== audience) throw new Error('unknown resource');
        return {
          scope: '',
          audience,
          accessTokenTTL: lifetimes.accessToken,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        };
      },
    },
  };
}

/** The operator creates the accounts, so their addresses count as verified. */
const claimsOf = ({ email, name }: { readonly email: string; readonly name: string | null }) => ({
  email,
  email_verified: true,
  ...(name !== null && { name }),
});

/**
 * Names the issuer's session in access tokens of the console, so that the gateway ends both together. These tokens
 * never leave the platform.
 */
function sessionClaim(token: object, consoleClientId: string): { readonly sid?: string } {
  const { clientId, sessionUid } = token as { readonly clientId?: string; readonly sessionUid?: string };
  return clientId === consoleClientId && sessionUid !== undefined ? { sid: sessionUid } : {};
}

async function grantFor(context: KoaContextWithOIDC, audience: string): Promise<Grant | undefined> {
  const { client, session, account, provider, result } = context.oidc;
  if (!client) return undefined;
  const grantId = result?.consent?.grantId ?? session?.grantIdFor(client.clientId);
  const present = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  if (present) return present;
  const accountId = account?.accountId ?? session?.accountId;
  if (accountId === undefined) return undefined;
  const grant = new provider.Grant({ clientId: client.clientId, accountId });
  grant.addOIDCScope('openid offline_access profile email');
  grant.addOIDCClaims(['sub', 'email', 'email_verified', 'name']);
  grant.addResourceScope(audience, '');
  await grant.save();
  return grant;
}

function html(context: { body: unknown; set(headers: { [name: string]: string }): void }, page: string): void {
  context.set({ ...PAGE_HEADERS });
  context.body = page;
}

function formOf({ oidc }: KoaContextWithOIDC): { readonly action: string; readonly xsrf: string } {
  // The library stores the token of its form here; its types do not include it.
  const state = (oidc.session as { readonly state?: { readonly secret?: string } } | undefined)?.state;
  return { action: oidc.urlFor('code_verification'), xsrf: state?.secret ?? '' };
}

function problemOf(name: string | undefined): string {
  switch (name) {
    case 'NoCodeError':
      return 'Enter the code that your terminal shows.';
    case 'NotFoundError':
      return 'Unknown code. Check the code in your terminal.';
    case 'ExpiredError':
      return 'This code has expired. Start again in your terminal: astroctl auth login';
    case 'AlreadyUsedError':
      return 'This code has already been used. Start again in your terminal: astroctl auth login';
    default:
      return 'This page has expired. Enter the code again.';
  }
}
