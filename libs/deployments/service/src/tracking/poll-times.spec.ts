import { PollTimes } from './poll-times.ts';

const MINUTE_MS = 60_000;
const first = (times: PollTimes, key: string): number => {
  for (let ms = 0; ; ms += 1_000) if (times.isDue(key, 3 * MINUTE_MS, ms)) return ms;
};

describe('the times of look-ups', () => {
  it('are spread over one interval at first', () => {
    const times = new PollTimes();
    const starts = Array.from({ length: 30 }, (_, at) => first(times, `https://git.acme.dev/${at}.git`));
    expect(Math.max(...starts)).toBeLessThanOrEqual(3 * MINUTE_MS);
    expect(new Set(starts.map((ms) => Math.floor(ms / MINUTE_MS))).size).toBe(3);
  });

  it('repeat at the interval, and less often while the source cannot be looked up', () => {
    const times = new PollTimes();
    const due = (minute: number) => times.isDue('a', 3 * MINUTE_MS, minute * MINUTE_MS);
    first(times, 'a');
    times.checked('a', 3 * MINUTE_MS, 3 * MINUTE_MS, true);
    expect([due(5), due(6)]).toEqual([false, true]);
    times.checked('a', 3 * MINUTE_MS, 6 * MINUTE_MS, false);
    expect([due(11), due(12)]).toEqual([false, true]);
    for (let failure = 0; failure < 9; failure++) times.checked('a', 3 * MINUTE_MS, 12 * MINUTE_MS, false);
    expect([due(26), due(27)]).toEqual([false, true]);
    times.checked('a', 3 * MINUTE_MS, 27 * MINUTE_MS, true);
    expect(due(30)).toBe(true);
  });

  it('start again for a source that was not followed for a while', () => {
    const times = new PollTimes();
    first(times, 'a');
    times.checked('a', 3 * MINUTE_MS, 0, false);
    times.retain(new Set(['b']));
    times.checked('a', 3 * MINUTE_MS, 0, true);
    expect(times.isDue('a', 3 * MINUTE_MS, 3 * MINUTE_MS)).toBe(true);
  });
});
