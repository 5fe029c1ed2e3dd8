/** Parameters that an endpoint of the issuer accepts. */
interface Endpoint {
  readonly query?: readonly string[];
  readonly form?: readonly string[];
  /** Whether its responses are pages for people. */
  readonly isPage?: true;
}

const AUTHORIZATION = [
  'acr_values',
  'client_id',
  'code_challenge',
  'code_challenge_method',
  'display',
  'id_token_hint',
  'login_hint',
  'max_age',
  'nonce',
  'prompt',
  'redirect_uri',
  'resource',
  'response_mode',
  'response_type',
  'scope',
  'state',
  'ui_locales',
];
const END_SESSION = ['client_id', 'id_token_hint', 'logout_hint', 'post_logout_redirect_uri', 'state', 'ui_locales'];

/** Endpoints by path below the issuer's address. `*` matches one segment. */
const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  '/auth': { query: AUTHORIZATION, isPage: true },
  '/auth/*': { isPage: true },
  '/device': { query: ['user_code'], form: ['abort', 'confirm', 'user_code', 'xsrf'], isPage: true },
  '/device/auth': { form: ['audience', 'client_id', 'resource', 'scope'] },
  '/device/*': { isPage: true },
  '/interaction/*': { form: ['abort', 'email', 'password', 'xsrf'], isPage: true },
  '/invitation/*': { form: ['password'], isPage: true },
  '/password/*': { form: ['password'], isPage: true },
  '/session/end': { query: END_SESSION, form: END_SESSION, isPage: true },
  '/session/end/confirm': { form: ['logout', 'xsrf'], isPage: true },
  '/session/end/success': { query: ['client_id'], isPage: true },
  '/token': {
    form: [
      'client_id',
      'code',
      'code_verifier',
      'device_code',
      'grant_type',
      'redirect_uri',
      'refresh_token',
      'resource',
      'scope',
    ],
  },
  '/token/revocation': { form: ['client_id', 'token', 'token_type_hint'] },
};

/** Maximum length of a value. Tokens in hints are the longest values. */
const VALUE_CHARACTERS = 2_048;

/**
 * Returns the endpoint.
 *
 * @param path below the issuer's address
 */
function endpointAt(path: string): Endpoint {
  return ENDPOINTS[path] ?? ENDPOINTS[path.replace(/\/[^/]+$/, '/*')] ?? {};
}

/** Returns whether the responses of this path are pages for people. */
export const isPage = (path: string): boolean => endpointAt(path).isPage === true;

/**
 * Returns the error in the parameters of a request: unknown to the endpoint, given twice, or too long. Parameter names
 * are untrusted, so only a short one is repeated in the error.
 *
 * @param kind where the parameters are
 */
export function parameterProblem(path: string, kind: 'query' | 'form', given: URLSearchParams): string | undefined {
  const known = endpointAt(path)[kind] ?? [];
  const seen = new Set<string>();
  for (const [name, value] of given) {
    const shown = /^[\w.-]{1,40}$/.test(name) ? ` ${name}` : '';
    if (!known.includes(name)) return `unknown parameter${shown}`;
    if (seen.has(name) && name !== 'resource') return `the parameter${shown} is repeated`;
    if (value.length > VALUE_CHARACTERS) return `the parameter${shown} is longer than ${VALUE_CHARACTERS} characters`;
    seen.add(name);
  }
  return undefined;
}
