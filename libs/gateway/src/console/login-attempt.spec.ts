import { manualClock } from '#testing';
import { ATTEMPT_SECONDS, LoginAttempts } from './login-attempt.ts';

const SECRET = new Uint8Array(32).fill(7);
const ATTEMPT = { state: 's', nonce: 'n', codeVerifier: 'v', returnTo: '/o/acme' };

describe('B31: a login in progress', () => {
  const clock = manualClock();
  const attempts = new LoginAttempts(SECRET, clock);

  it('is opened by every gateway with the same secret, for ten minutes', async () => {
    const cookie = await attempts.seal(ATTEMPT);
    clock.advance((ATTEMPT_SECONDS - 1) * 1_000);
    expect(await new LoginAttempts(SECRET, clock).open(cookie)).toMatchObject(ATTEMPT);
    clock.advance(1_000);
    expect(await attempts.open(cookie)).toBeUndefined();
  });

  it('is not readable, and cannot be changed or forged', async () => {
    const cookie = await attempts.seal({ ...ATTEMPT, codeVerifier: 'the-verifier' });
    expect(Buffer.from(cookie.split('.')[3] ?? '', 'base64url').toString('latin1')).not.toContain('the-verifier');
    const [head, key, iv, text = '', tag] = cookie.split('.');
    const other = `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;
    for (const forged of [
      [head, key, iv, other, tag].join('.'),
      await new LoginAttempts(new Uint8Array(32).fill(8), clock).seal(ATTEMPT),
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(ATTEMPT)).toString('base64url')}.`,
      'x',
      '',
    ])
      expect(await attempts.open(forged)).toBeUndefined();
  });
});
