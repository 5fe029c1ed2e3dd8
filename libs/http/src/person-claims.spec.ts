import { silentLogger } from '#kernel';
import { manualClock, type ManualClock } from '#testing';
import { IssuerKeys } from './jwks.ts';
import { PersonClaimsReader, type PersonClaimsOptions } from './person-claims.ts';

const ISSUER = 'https://issuer.test/';
const token = { iss: ISSUER, sub: 'auth0|ada', exp: 2_000_000_000 };

describe('the claims of a login', () => {
  let clock: ManualClock;
  let warned: object[];
  let requests: number;
  let response: () => Response;

  beforeEach(() => {
    clock = manualClock();
    warned = [];
    requests = 0;
    response = () => Response.json({ sub: token.sub, email: 'ada@acme.dev', email_verified: true, name: 'Ada' });
  });

  const reader = (more: Partial<PersonClaimsOptions> = {}) => {
    const logger = { ...silentLogger, warn: (fields: object) => void warned.push(fields) };
    const fetch = async (url: string) => {
      if (url.includes('.well-known'))
        return Response.json({ issuer: ISSUER, jwks_uri: `${ISSUER}keys`, userinfo_endpoint: `${ISSUER}userinfo` });
      requests++;
      return response();
    };
    const keys = new IssuerKeys({ issuer: ISSUER, clock, logger, fetch });
    return new PersonClaimsReader({ clock, logger, userinfo: { keys, fetch }, ...more });
  };
  const known = { email: 'ada@acme.dev', emailVerified: true };

  it('are in the token, or at userinfo', async () => {
    expect(await reader().read('t', { ...token, email: 'a@acme.dev', email_verified: true })).toEqual({
      claims: { issuer: ISSUER, subject: token.sub, email: 'a@acme.dev', emailVerified: true },
      isFinal: true,
    });
    expect(requests).toBe(0);
    expect(await reader().read('t', token)).toMatchObject({ claims: { ...known, name: 'Ada' }, isFinal: true });
  });

  it('use-I2: are incomplete and not cached while userinfo fails, with one warning', async () => {
    const one = reader();
    for (const odd of [
      () => new Response('', { status: 429 }),
      () => new Response('', { status: 500 }),
      () => new Response('<html>'),
      () => {
        throw new Error('no route');
      },
    ]) {
      response = odd;
      expect(await one.read('t', token)).toEqual({
        claims: { issuer: ISSUER, subject: token.sub, incomplete: true },
        isFinal: false,
      });
      clock.advance(10_000);
    }
    expect(warned).toMatchObject([{ status: 429, fix: expect.stringContaining('is retried') as unknown }]);
    response = () => Response.json({ email: known.email });
    expect((await one.read('t', token)).claims.incomplete).toBeUndefined();
  });

  it('use-I2: are requested again after Retry-After for that user, or 10 s after a network error', async () => {
    const one = reader();
    response = () => new Response('', { status: 429, headers: { 'retry-after': '20' } });
    await one.read('t', token);
    await one.read('t', token);
    expect(requests).toBe(1);
    await one.read('t', { ...token, sub: 'auth0|grace' });
    expect(requests).toBe(2);
    clock.advance(20_000);
    response = () => {
      throw new Error('no route');
    };
    await one.read('t', token);
    await one.read('t', { ...token, sub: 'auth0|grace' });
    expect(requests).toBe(3);
  });

  it('use-I2: are incomplete and cached when userinfo rejects the token itself', async () => {
    response = () => new Response('', { status: 401 });
    expect(await reader().read('t', token)).toMatchObject({ claims: { incomplete: true }, isFinal: true });
    expect(warned).toMatchObject([{ status: 401, fix: expect.stringContaining('ASTRO_OIDC_SCOPE') as unknown }]);
  });

  it('use-I3: include only the verified claim that belongs to a namespaced address', async () => {
    const emailClaim = 'https://acme.dev/email';
    const verified = async (more: object) =>
      (await reader({ emailClaim }).read('t', { ...token, [emailClaim]: 'a@acme.dev', ...more })).claims.emailVerified;
    expect(await verified({ 'https://acme.dev/email_verified': true })).toBe(true);
    expect(await verified({ email_verified: true, 'https://evil.dev/email_verified': true })).toBe(false);
    expect(await verified({})).toBe(false);
    const upn = reader({ emailClaim: 'upn' });
    const claims = { ...token, upn: 'a@acme.dev' };
    expect((await upn.read('t', { ...claims, upn_verified: true })).claims.emailVerified).toBe(true);
    expect((await upn.read('t', { ...claims, email_verified: true })).claims.emailVerified).toBe(true);
  });

  it.each([
    [true, true],
    ['true', true],
    ['True', true],
    [false, false],
    ['false', false],
    ['yes', false],
    [1, false],
    [undefined, false],
  ])('use-I3: have a verified address if the claim is %p: %p', async (email_verified, expected) => {
    const { claims } = await reader().read('t', { ...token, email: 'a@acme.dev', email_verified });
    expect(claims.emailVerified).toBe(expected);
  });

  it('use-I3: always have a verified address if the operator has configured it', async () => {
    const { claims } = await reader({ emailVerified: 'always' }).read('t', { ...token, email: 'a@acme.dev' });
    expect(claims.emailVerified).toBe(true);
  });

  it('use-I6: are accepted from userinfo for the token that fetched it, whatever its sub is', async () => {
    response = () => Response.json({ sub: '00u1abcd', email: known.email, email_verified: true });
    expect((await reader().read('t', token)).claims).toMatchObject({ subject: token.sub, ...known });
  });
});
