import { cookieIn, loginCookiesIn, setCookie } from './session-cookies.ts';

describe('the cookies of the console', () => {
  it('B33: are hidden from scripts, and over https bound to the host and to https', () => {
    expect(setCookie('session', 'abc', true, 60)).toBe(
      '__Host-astro_session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure',
    );
    expect(setCookie('login_x', 'abc', false, 0)).toBe('astro_login_x=abc; Path=/; Max-Age=0; HttpOnly; SameSite=Lax');
  });

  it('are found among others', () => {
    expect(cookieIn('a=b; __Host-astro_session=abc; c=d', 'session', true)).toBe('abc');
    expect(cookieIn('astro_session=abc', 'session', false)).toBe('abc');
    expect(cookieIn('a=b', 'session', false)).toBeUndefined();
    expect(cookieIn(undefined, 'session', false)).toBeUndefined();
  });

  it('of logins in progress are listed in the order of the header', () => {
    const header = '__Host-astro_login_b=1; __Host-astro_session=x; astro_login_evil=2; __Host-astro_login_a-c=3; a';
    expect(loginCookiesIn(header, true)).toEqual(['login_b', 'login_a-c']);
    expect(loginCookiesIn(header, false)).toEqual(['login_evil']);
    expect(loginCookiesIn(`astro_login_=1; astro_login_${'x'.repeat(65)}=2`, false)).toEqual([]);
    expect(loginCookiesIn(undefined, false)).toEqual([]);
  });

  it.each([
    ['without the prefix over https, as another host of the domain can set them', 'astro_session=evil', true],
    ['twice', 'astro_session=abc; astro_session=evil', false],
    ['with another name that ends in theirs', 'xastro_session=evil', false],
  ])('B33: are not accepted %s', (_how, header, isSecure) =>
    expect(cookieIn(header, 'session', isSecure)).toBeUndefined(),
  );
});
