// Issuer of access tokens on loopback, in place of a company's own, for the tests of this folder.
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

const AUDIENCE = 'https://astro.test/api';
/** Whom the issuer logs in to the console, without a page that asks. */
const CONSOLE_PERSON = 'turing';

/** A running issuer. */
export interface TestIssuer {
  readonly url: string;
  /** Environment of a platform that trusts the issuer. */
  readonly environment: Readonly<Record<string, string>>;
  /** Returns valid claims of an access token for one hour, overridden by `more`. */
  claims(subject: string, more?: object): Record<string, unknown>;
  /** Signs a payload. A string is signed exactly as given. */
  token(payload: object | string, header?: object): string;
  close(): Promise<void>;
}

/** Starts the issuer on a free port. */
export async function startIssuer(): Promise<TestIssuer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', url);
    if (pathname === '/authorize') {
      const back = new URL(searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('state', searchParams.get('state') ?? '');
      back.searchParams.set('code', searchParams.get('nonce') ?? '');
      response.writeHead(302, { location: back.href }).end();
      return;
    }
    if (pathname === '/token') {
      void text(request).then((body) => {
        const nonce = new URLSearchParams(body).get('code');
        const person = claims(CONSOLE_PERSON, { auth_time: Math.floor(Date.now() / 1_000) });
        const tokens = {
          token_type: 'Bearer',
          expires_in: 3_600,
          access_token: token(person),
          id_token: token({ ...person, aud: 'console', nonce }, { typ: 'JWT' }),
        };
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(tokens));
      });
      return;
    }
    const documents: Readonly<Record<string, object>> = {
      '/.well-known/openid-configuration': {
        issuer: url,
        jwks_uri: `${url}/jwks`,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
        id_token_signing_alg_values_supported: ['ES256'],
      },
      '/jwks': { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' }] },
    };
    const document = documents[request.url ?? ''];
    response
      .writeHead(document ? 200 : 404, { 'content-type': 'application/json' })
      .end(JSON.stringify(document ?? {}));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  // a TCP address, since the server listens on TCP
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const encode = (part: object | string) =>
    Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
  const claims = (subject: string, more: object = {}) => {
    const now = Math.floor(Date.now() / 1_000);
    return {
      iss: url,
      aud: AUDIENCE,
      sub: subject,
      iat: now,
      exp: now + 3_600,
      email: `${subject}@astro.test`,
      email_verified: true,
      ...more,
    };
  };
  const token = (payload: object | string, header: object = {}) => {
    const signed = `${encode({ alg: 'ES256', kid: 'one', typ: 'at+jwt', ...header })}.${encode(payload)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  return {
    url,
    environment: {
      ASTRO_OIDC_ISSUER: url,
      ASTRO_OIDC_AUDIENCE: AUDIENCE,
      ASTRO_OIDC_CLI_CLIENT_ID: 'cli',
      ASTRO_OIDC_CONSOLE_CLIENT_ID: 'console',
      ASTRO_ADMIN_EMAILS: 'admin@astro.test',
    },
    claims,
    token,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
