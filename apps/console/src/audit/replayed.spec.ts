import { keyState, ofKind, textOf } from './replayed.ts';

const NOW = Date.parse('2026-12-02T10:00:00Z');

describe('replayed objects', () => {
  it('are selected by kind', () =>
    expect(
      ofKind(
        [
          { kind: 'profile', id: 'p', value: { name: 'default' } },
          { kind: 'cluster', id: 'c', value: { name: 'sandbox' } },
        ],
        'cluster',
      ),
    ).toEqual([{ id: 'c', name: 'sandbox' }]));

  it.each([
    [null, ''],
    [true, 'yes'],
    [3, '3'],
    [['a', 'b'], 'a, b'],
    [{ type: 'image', ref: 'web:1' }, 'type image, ref web:1'],
  ])('show %j as %j', (value, text) => expect(textOf(value)).toBe(text));
});

describe('the state of a key at a time', () => {
  it.each([
    [{}, 'ACTIVE'],
    [{ expiresAt: '2026-12-02T10:00:00Z' }, 'EXPIRED'],
    [{ expiresAt: '2026-12-03T10:00:00Z' }, 'ACTIVE'],
    [{ worksUntil: '2026-12-02T11:00:00Z' }, 'ROTATED'],
    [{ worksUntil: '2026-12-02T10:00:00Z' }, 'EXPIRED'],
    [{ revokedAt: '2026-12-01T10:00:00Z' }, 'REVOKED'],
  ])('%j: %s', (key, state) => expect(keyState(key, NOW)).toBe(state));
});
