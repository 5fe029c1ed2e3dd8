import { cookieIn, setCookie } from './session-cookies.ts';

describe('the cookies of the console', () => {
  it('B33: are hidden from scripts, and over https bound to the host and to https', () => {
    expect(setCookie('session', 'abc', true, 60)).toBe(
      '__Host-astro_session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure',
    );
    expect(setCookie('login', 'abc', false, 0)).toBe('astro_login=abc; Path=/; Max-Age=0; HttpOnly; SameSite=Lax');
  });

  it('are found among others', () => {
    expect(cookieIn('a=b; __Host-astro_session=abc; c=d', 'session', true)).toBe('abc');
    expect(cookieIn('astro_session=abc', 'session', false)).toBe('abc');
    expect(cookieIn('a=b', 'session', false)).toBeUndefined();
    expect(cookieIn(undefined, 'session', false)).toBeUndefined();
  });

  it.each([
    ['without the prefix over https, as another host of the domain can set them', 'astro_session=evil', true],
    ['twice', 'astro_session=abc; astro_session=evil', false],
    ['with another name that ends in theirs', 'xastro_session=evil', false],
  ])('B33: are not accepted %s', (_how, header, isSecure) =>
    expect(cookieIn(header, 'session', isSecure)).toBeUndefined(),
  );
});
