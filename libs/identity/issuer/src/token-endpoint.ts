import Fastify from 'fastify';
import type { default as Provider } from 'oidc-provider';
import { parameterProblem } from './parameters.ts';

/** Response of the token endpoint: its status, and its body in JSON. */
export interface TokenResponse {
  readonly status: number;
  readonly body: string;
}

/** Returns a function that redeems authorization codes of the console at the token endpoint, within the process. */
export function tokenEndpoint(
  provider: Provider,
  publicUrl: string,
  consoleClientId: string,
): (form: string) => Promise<TokenResponse> {
  const { host, protocol } = new URL(publicUrl);
  const serve = provider.callback();
  const requests = Fastify();
  requests.removeAllContentTypeParsers();
  requests.addContentTypeParser('*', (_request, _payload, done) => done(null)); // the issuer reads the body
  requests.post('/token', async (request, reply) => {
    reply.hijack();
    await serve(request.raw, reply.raw);
  });
  return async (form) => {
    const fields = new URLSearchParams(form);
    const problem =
      parameterProblem('/token', 'form', fields) ??
      (fields.get('grant_type') !== 'authorization_code' || fields.get('client_id') !== consoleClientId
        ? 'only codes of the console are redeemed here'
        : undefined);
    if (problem !== undefined)
      return { status: 400, body: JSON.stringify({ error: 'invalid_request', error_description: problem }) };
    const response = await requests.inject({
      method: 'POST',
      url: '/token',
      headers: {
        host,
        'x-forwarded-host': host,
        'x-forwarded-proto': protocol.slice(0, -1),
        'content-type': 'application/x-www-form-urlencoded',
      },
      payload: form,
    });
    return { status: response.statusCode, body: response.body };
  };
}
