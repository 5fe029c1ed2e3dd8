import { systemClock as clock } from '#runtime/system';
import { deviceLoginCheck } from './device-login-check.ts';

const issuer = {
  kind: 'external',
  issuer: 'https://tenant.eu.auth0.com/',
  audience: 'https://astro.acme.dev',
  cliClientId: 'cli',
  consoleClientId: undefined,
  consoleClientSecret: undefined,
  adminEmails: [],
  scope: 'openid email',
  resource: undefined,
} as const;
const endpoint = 'https://tenant.eu.auth0.com/oauth/device/code';

/** Runs the check against an issuer with these responses. */
async function check(document: unknown, answer: { readonly status: number; readonly body?: unknown }) {
  const sent: { url: string; body?: string }[] = [];
  const result = await deviceLoginCheck(issuer, {
    clock,
    fetch: async (url) => {
      sent.push({ url });
      return Response.json(document);
    },
    post: async (url, { body }) => {
      sent.push({ url, body: String(body) });
      return Response.json(answer.body ?? {}, { status: answer.status });
    },
  });
  return { result, sent };
}

describe('the check of the device login', () => {
  it('starts one as astroctl does', async () => {
    const { result, sent } = await check({ device_authorization_endpoint: endpoint }, { status: 200 });
    expect(result).toMatchObject({ status: 'ok', fix: null });
    expect(sent).toEqual([
      { url: 'https://tenant.eu.auth0.com/.well-known/openid-configuration' },
      { url: endpoint, body: 'client_id=cli&scope=openid+email&audience=https%3A%2F%2Fastro.acme.dev' },
    ]);
  });

  it.each([
    ['unauthorized_client', 'Grant Types > Device Code'],
    ['invalid_client', 'ASTRO_OIDC_CLI_CLIENT_ID'],
    ['access_denied', 'ASTRO_OIDC_AUDIENCE'],
    ['invalid_scope', 'ASTRO_OIDC_SCOPE'],
    ['server_error', 'docs/operations/login.md'],
  ])('says what to change if the issuer responds %s', async (error, fix) => {
    const { result } = await check({ device_authorization_endpoint: endpoint }, { status: 403, body: { error } });
    expect(result).toMatchObject({
      status: 'failed',
      message: `The issuer refuses device logins of astroctl (${error}).`,
      fix: expect.stringContaining(fix),
    });
  });

  it('shows only codes of an issuer, not its texts', async () => {
    const body = { error: 'ada@acme.dev is unknown' };
    const { result } = await check({ device_authorization_endpoint: endpoint }, { status: 403, body });
    expect(result.message).toBe('The issuer refuses device logins of astroctl (status 403).');
  });

  it('fails for an issuer without device logins', async () =>
    expect((await check({}, { status: 200 })).result).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('no device authorization endpoint'),
    }));

  it('fails for an issuer that does not respond', async () => {
    const away = () => Promise.reject(new Error('away'));
    expect(await deviceLoginCheck(issuer, { clock, fetch: away, post: away })).toMatchObject({ status: 'failed' });
  });
});
