import type { Bus } from '#bus';
import type { Authenticator } from '#http';
import { addressList } from '#http/connections';
import { ok } from '#kernel';
import { manualClock, sequenceIds } from '#testing';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyInstance } from 'fastify';
import { consoleLogin } from './console-login.ts';
import { LoginAttempts } from './login-attempt.ts';
import type { RelyingParty } from './relying-party.ts';

const attempt = { state: 's', nonce: 'n', codeVerifier: 'v', returnTo: '/o/acme' };
const relyingParty = {
  start: () => Promise.resolve(ok({ url: new URL('https://issuer.test/auth'), attempt })),
} as unknown as RelyingParty;

describe('B33: the cookie of a login in progress', () => {
  const servers: FastifyInstance[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

  async function cookieFrom(publicUrl: string, proxies: readonly string[], headers: Record<string, string> = {}) {
    const isTrusted = addressList(proxies);
    const server = Fastify({ trustProxy: (address: string) => isTrusted(address) });
    servers.push(server);
    const clock = manualClock();
    const pages = consoleLogin({
      relyingParty,
      attempts: new LoginAttempts(new Uint8Array(32), clock),
      authenticator: {} as Authenticator,
      bus: {} as Bus,
      clock,
      ids: sequenceIds(),
      publicUrl,
    });
    await server.register(rateLimit, { global: false });
    await server.register(async (scope) => pages.mount(scope));
    const { statusCode, headers: sent } = await server.inject({ url: '/console/login?return_to=/o/acme', headers });
    expect([statusCode, sent.location]).toEqual([303, 'https://issuer.test/auth']);
    return [sent['set-cookie']].flat().map((cookie) => String(cookie).replace(/=[\w.-]+; Path/, '=…; Path'));
  }
  const plain = 'astro_login_BDpxh3TFcr2KJa2-=…; Path=/; Max-Age=600; HttpOnly; SameSite=Lax';
  const secure = `__Host-${plain}; Secure`;
  const overHttps = { 'x-forwarded-proto': 'https' };

  it.each([
    ['is plain over http', 'http://127.0.0.1:8080', [], {}, plain],
    ['is secure at a public address with https, whatever the proxy says', 'https://astro.acme.dev', [], {}, secure],
    ['is secure over https, as a trusted proxy says', 'http://astro.acme.dev', ['127.0.0.1'], overHttps, secure],
    ['is not changed by what others say', 'http://astro.acme.dev', ['10.4.0.0/16'], overHttps, plain],
  ] as const)('%s', async (_how, publicUrl, proxies, headers, cookie) =>
    expect(await cookieFrom(publicUrl, proxies, headers)).toEqual([cookie]),
  );

  it('is one of four: the oldest logins end', async () => {
    const cookie = ['a', 'b', 'c', 'd', 'e'].map((id) => `astro_login_${id}=x`).join('; ');
    const ended = (id: string) => `astro_login_${id}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax`;
    expect(await cookieFrom('http://127.0.0.1:8080', [], { cookie })).toEqual([ended('a'), ended('b'), plain]);
  });

  it('fits into a browser, which keeps 4 KB, also with the longest path', async () => {
    const attempts = new LoginAttempts(new Uint8Array(32), manualClock());
    const [long, returnTo] = ['x'.repeat(43), `/${'x'.repeat(1_999)}`];
    const sealed = await attempts.seal({ state: long, nonce: long, codeVerifier: long, returnTo, maxAgeSeconds: 900 });
    expect(`__Host-astro_login_${'x'.repeat(16)}=${sealed}`.length).toBeLessThan(4_096);
    expect(4 * sealed.length).toBeLessThan(14 * 1_024); // all headers of a request may have 16 KB
  });
});
