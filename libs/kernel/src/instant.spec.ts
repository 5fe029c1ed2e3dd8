import { parseInstant } from './instant.ts';

describe('use-C7: points in time', () => {
  it.each([
    ['2026-02-28', Date.UTC(2026, 1, 28)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2026-11-24T12:02:11Z', Date.UTC(2026, 10, 24, 12, 2, 11)],
    ['2026-11-24 12:02:11.5+01:00', Date.UTC(2026, 10, 24, 11, 2, 11, 500)],
    ['2026-11-24T12:02Z', Date.UTC(2026, 10, 24, 12, 2)],
  ])('parses %s', (text, ms) => expect(parseInstant(text)).toBe(ms));

  it.each([
    '2026-02-30',
    '2026-02-29',
    '2026-04-31T00:00:00Z',
    '2026-00-10',
    '2026-13-01',
    '2026-01-00',
    '2026-01-01T24:00:00Z',
    '2026-01-01T12:60:00Z',
    '2026-01-01T12:00:00+24:00',
    '2026-01-01T12:00:00',
    '2026',
    'tomorrow',
    '',
  ])('rejects %j', (text) => expect(parseInstant(text)).toBeUndefined());
});
