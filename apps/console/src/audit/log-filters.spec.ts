import type { AuditEntry } from '#audit/contract';
import { logCommand, logQuery, merged, sameRequest } from './log-filters.ts';

const NOW = Date.parse('2026-12-02T10:00:00Z');
const entry = (eventId: string): AuditEntry => ({ eventId }) as AuditEntry; // the other members are not read

describe('filters of the audit log', () => {
  it('are read from the address, with spans and dates as times', () => {
    expect(
      logQuery({ who: 'ada@acme.dev', result: 'refused', since: '-24h', until: '2026-12-02', request: 'r' }, NOW),
    ).toEqual({
      who: 'ada@acme.dev',
      result: 'refused',
      since: '2026-12-01T10:00:00.000Z',
      until: '2026-12-02T00:00:00.000Z',
    });
  });

  it('leave out what is empty or not valid', () =>
    expect(logQuery({ who: '', result: 'maybe', since: 'soon', until: '4981' }, NOW)).toEqual({}));

  it('are those of a command', () =>
    expect(logCommand({ who: 'ada@acme.dev', result: 'refused' })).toBe(
      'astroctl audit list --who ada@acme.dev --result refused',
    ));

  it('find the entries of a request around one of them', () =>
    expect(sameRequest({ requestId: 'r', time: '2026-12-02T10:00:00.000Z' })).toEqual({
      request: 'r',
      since: '2026-12-02T09:50:00.000Z',
      until: '2026-12-02T10:10:00.000Z',
    }));
});

describe('entries that arrive while the log is shown', () => {
  it('stand before the others, the newest first, each once', () =>
    expect(
      merged([entry('c'), entry('d'), entry('d'), entry('b')], [entry('b'), entry('a')]).map(({ eventId }) => eventId),
    ).toEqual(['d', 'c', 'b', 'a']));
});
