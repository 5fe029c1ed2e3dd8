import { backOffMs } from './back-off.ts';

it('waits longer each time and never as long as 30 s', () => {
  expect([1, 2, 3, 4, 5, 6, 60].map((attempt) => backOffMs(attempt, 0.5))).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000,
  ]);
  expect(backOffMs(60, 1)).toBeLessThan(30_000);
});
