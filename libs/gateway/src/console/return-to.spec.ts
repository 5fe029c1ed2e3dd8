import { returnPathOf } from './return-to.ts';

describe('B30: after a login, a browser', () => {
  it.each(['/', '/o/acme/apps?state=Degraded&q=%2F%2Fx#line-3', '/o/acme/audit?at=2026-01-01T00:00:00Z'])(
    'returns to %s',
    (path) => expect(returnPathOf(path)).toBe(path),
  );

  it.each([
    '',
    'o/acme',
    'https://evil.test/',
    'HTTPS:/evil.test',
    '//evil.test',
    '///evil.test',
    '/\\evil.test',
    '\\\\evil.test',
    '/\t/evil.test',
    '/\n/evil.test',
    '/./\\/evil.test',
    '/.//evil.test',
    '/a/..//evil.test',
    '/%2e%2e//evil.test',
    'javascript:alert(1)',
    ' /x',
    '\u0000/x',
    `/${'x'.repeat(2_000)}`,
    `/${'é'.repeat(500)}`,
  ])('does not return to %j', (text) => expect(returnPathOf(text)).toBeUndefined());

  it('ends at the same site, whatever text it gets', () => {
    const parts = ['/', '//', '\\', '.', '..', '%2e', '@', ':', '?', '#', 'evil.test', '\t', 'https:', ' '];
    for (const a of parts)
      for (const b of parts)
        for (const c of parts) {
          const path = returnPathOf(`/${a}${b}${c}`);
          if (path !== undefined) expect(new URL(path, 'https://astro.acme.dev').origin).toBe('https://astro.acme.dev');
        }
  });
});
