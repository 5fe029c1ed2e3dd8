import { localFieldValue, timeOfLocalField } from './local-time.ts';

describe('fields with a local date and time', () => {
  it('show a time to the second, and return it', () => {
    const timeMs = new Date(2026, 0, 5, 7, 8, 9).getTime();
    expect(localFieldValue(timeMs)).toBe('2026-01-05T07:08:09');
    expect(timeOfLocalField('2026-01-05T07:08:09')).toBe(timeMs);
    expect(timeOfLocalField('2026-01-05T07:08')).toBe(timeMs - 9_000);
  });

  it.each(['', '2026-01', 'soon'])('have no time if their value is %j', (value) =>
    expect(timeOfLocalField(value)).toBeUndefined(),
  );
});
