// Issuer on loopback that behaves like Auth0, for the tests of this folder: its name ends in a slash, access tokens are
// JWTs only for an API that the login names by `audience`, tokens contain addresses only in namespaced claims, and
// userinfo is rate-limited. Built with oidc-provider; people are logged in as soon as a device requests it.
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt } from 'jose';
import Provider, {
  interactionPolicy,
  type AdapterFactory,
  type AdapterPayload,
  type Configuration,
} from 'oidc-provider';

const CONSOLE_SECRET = 'the-secret-of-the-console';
const AUDIENCE = 'https://astro.acme.dev/api';
const NAMESPACE = 'https://acme.dev/';
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

interface Auth0Person {
  readonly sub: string;
  readonly email: string;
  readonly emailVerified: boolean;
}

/** A running issuer. */
export interface Auth0Issuer {
  /** Ends in a slash. */
  readonly issuer: string;
  /** Environment of a platform that trusts the issuer. */
  readonly environment: Readonly<Record<string, string>>;
  /** The next person to log in. */
  person: Auth0Person;
  /** Whether an Action adds the address to access tokens, in a namespaced claim. */
  addsClaims: boolean;
  /** Whether all tokens are for the one API of the tenant, regardless of the request. */
  hasOneApi: boolean;
  /** Error status of userinfo. It returns claims if undefined. */
  userinfoStatus: number | undefined;
  /** Registers the console of a platform: a regular web application with a secret. Returns its environment. */
  registerConsole(platformUrl: string): Readonly<Record<string, string>>;
  /** Parameters of the device logins, latest last. */
  readonly asked: readonly Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

/** Starts the issuer on a free port. */
export async function startAuth0Issuer(): Promise<Auth0Issuer> {
  let serve: (request: IncomingMessage, response: ServerResponse) => void = () => {};
  const server = createServer((request, response) => serve(request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  // a TCP address, since the server listens on TCP
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const people = new Map<string, Auth0Person>();
  const asked: Readonly<Record<string, unknown>>[] = [];
  const webApplications = new Map<string, AdapterPayload>();
  const state: Auth0Issuer = {
    issuer: `${origin}/`,
    environment: {
      ASTRO_OIDC_ISSUER: `${origin}/`,
      ASTRO_OIDC_AUDIENCE: AUDIENCE,
      ASTRO_OIDC_CLI_CLIENT_ID: 'native-app',
      ASTRO_ADMIN_EMAILS: 'root@acme.dev',
    },
    person: { sub: 'auth0|somebody', email: 'somebody@acme.dev', emailVerified: false },
    addsClaims: false,
    hasOneApi: false,
    userinfoStatus: undefined,
    asked,
    registerConsole(platformUrl) {
      webApplications.set('web-app', {
        client_id: 'web-app',
        client_secret: CONSOLE_SECRET,
        grant_types: ['authorization_code'],
        redirect_uris: [`${platformUrl}/callback`],
        post_logout_redirect_uris: [`${platformUrl}/`],
      } as AdapterPayload);
      return { ASTRO_OIDC_CONSOLE_CLIENT_ID: 'web-app', ASTRO_OIDC_CONSOLE_CLIENT_SECRET: CONSOLE_SECRET };
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  const provider = new Provider(`${origin}/`, configurationOf(state, people, webApplications));
  provider.use(async (context, next) => {
    await next();
    const { oidc, body } = context as typeof context & { readonly body: unknown };
    if (oidc?.route !== 'device_authorization' || context.status !== 200) return;
    asked.push({ ...oidc.params });
    people.set(state.person.sub, state.person);
    await approve(provider, (body as { readonly user_code: string }).user_code, state.person.sub);
  });
  const issuer = provider.callback();
  serve = (request, response) => {
    if (request.url?.startsWith('/me')) return answerUserinfo(request, response, state, people);
    if (!request.url?.startsWith('/interaction/')) return void issuer(request, response);
    people.set(state.person.sub, state.person); // logs in whoever is asked to, without a page
    void provider.interactionFinished(request, response, { login: { accountId: state.person.sub } });
  };
  return state;
}

function configurationOf(
  state: Auth0Issuer,
  people: ReadonlyMap<string, Auth0Person>,
  webApplications: ReadonlyMap<string, AdapterPayload>,
): Configuration {
  const policy = interactionPolicy.base();
  policy.remove('consent');
  const signing = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  return {
    clients: [
      {
        client_id: 'native-app',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: [DEVICE_GRANT, 'refresh_token'],
        response_types: [],
        redirect_uris: [],
      },
    ],
    jwks: { keys: [{ ...signing, kid: 'auth0', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['a key of the test'] },
    adapter: memoryAdapter(webApplications),
    interactions: { policy, url: (_context, { uid }) => `/interaction/${uid}` },
    async loadExistingGrant({ oidc: { client, session, provider, params } }) {
      const grant = new provider.Grant({ clientId: client?.clientId ?? '', accountId: session?.accountId ?? '' });
      grant.addOIDCScope('openid profile email');
      const audience = audienceAsked(params);
      if (audience !== undefined) grant.addResourceScope(audience, '');
      await grant.save();
      return grant;
    },
    ttl: { AccessToken: 3_600, DeviceCode: 600, Grant: 3_600, IdToken: 3_600, RefreshToken: 3_600 },
    extraParams: ['audience'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims(_context, token) {
      const person = 'accountId' in token ? people.get(String(token.accountId)) : undefined;
      return state.addsClaims && person
        ? { [`${NAMESPACE}email`]: person.email, [`${NAMESPACE}email_verified`]: person.emailVerified }
        : undefined;
    },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true },
      userinfo: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // Auth0 identifies an API by `audience`. Without one, the access token is opaque.
        defaultResource: ({ oidc }) => audienceAsked(oidc.params) ?? [],
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, audience) => ({
          scope: '',
          audience: state.hasOneApi ? AUDIENCE : audience,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  };
}

/** Stores everything in memory until the issuer is closed. */
function memoryAdapter(clients: ReadonlyMap<string, AdapterPayload>): AdapterFactory {
  const records = new Map<string, AdapterPayload>();
  return (model) => ({
    upsert: async (id, payload) => void records.set(`${model} ${id}`, payload),
    find: async (id) => (model === 'Client' ? clients.get(id) : records.get(`${model} ${id}`)),
    findByUserCode: async (userCode) => [...records.values()].find((record) => record.userCode === userCode),
    findByUid: async (uid) => [...records.values()].find((record) => record.uid === uid),
    consume: async (id) => void Object.assign(records.get(`${model} ${id}`) ?? {}, { consumed: true }),
    destroy: async (id) => void records.delete(`${model} ${id}`),
    revokeByGrantId: async () => {},
  });
}

/** Approves a device, as the pages do after a person has logged in and confirmed the code. */
async function approve(provider: Provider, userCode: string, accountId: string): Promise<void> {
  const code = await provider.DeviceCode.findByUserCode(userCode.replaceAll('-', ''));
  if (!code) throw new Error('there is no such device code');
  const grant = new provider.Grant({ clientId: 'native-app', accountId });
  grant.addOIDCScope('openid profile email offline_access');
  const audience = audienceAsked(code.params);
  if (audience !== undefined) grant.addResourceScope(audience, '');
  Object.assign(code, {
    accountId,
    grantId: await grant.save(),
    scope: 'openid profile email offline_access',
    resource: audience,
    authTime: Math.floor(Date.now() / 1_000),
  });
  await code.save();
}

function audienceAsked(parameters: object | undefined): string | undefined {
  const { audience } = (parameters ?? {}) as { readonly audience?: unknown };
  return typeof audience === 'string' ? audience : undefined;
}

/** Returns the claims for an access token. Only the platform verifies its signature. */
function answerUserinfo(
  { headers }: IncomingMessage,
  response: ServerResponse,
  { userinfoStatus }: Auth0Issuer,
  people: ReadonlyMap<string, Auth0Person>,
): void {
  const { sub = '' } = decodeJwt(headers.authorization?.slice('Bearer '.length) ?? '');
  const person = people.get(sub);
  const claims = person && { sub, email: person.email, email_verified: person.emailVerified };
  response
    .writeHead(userinfoStatus ?? (claims ? 200 : 401), { 'content-type': 'application/json' })
    .end(JSON.stringify(userinfoStatus === undefined ? claims : { error: 'too_many_requests' }));
}
