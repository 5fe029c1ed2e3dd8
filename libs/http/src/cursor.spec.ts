import { openCursor, signCursor } from './cursor.ts';

const key = new Uint8Array(32).fill(3);
const cursor = signCursor(key, 'acme/things', { after: 'web', n: 3 });

describe('cursors', () => {
  it('are returned unchanged', () =>
    expect(openCursor(key, 'acme/things', cursor)).toEqual({ ok: true, value: { after: 'web', n: 3 } }));

  it('A15: are rejected after any change', () => {
    for (let index = 0; index < cursor.length; index++) {
      const changed = cursor.slice(0, index) + (cursor[index] === 'A' ? 'B' : 'A') + cursor.slice(index + 1);
      expect(openCursor(key, 'acme/things', changed)).toMatchObject({
        ok: false,
        error: { code: 'edge/cursor-invalid' },
      });
    }
    for (const garbage of ['', 'x', '%', cursor.slice(1), `${cursor}=`, 'A'.repeat(10_000)])
      expect(openCursor(key, 'acme/things', garbage).ok).toBe(false);
  });

  it('A14: are rejected in another organization or list, and with another key', () => {
    for (const scope of ['other/things', 'acme/keys', '']) expect(openCursor(key, scope, cursor).ok).toBe(false);
    expect(openCursor(new Uint8Array(32), 'acme/things', cursor).ok).toBe(false);
  });
});
