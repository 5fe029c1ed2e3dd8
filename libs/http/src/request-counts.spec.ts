import { diceOf, manualClock, seedOfRun, type Dice } from '#testing';
import { RequestCounts, type OtherCount, type ReportedCount } from './request-counts.ts';

const LIMIT = 600;
const MINUTE = 60_000;

/** Gateways that exchange their counts, as billing adds them up. */
function gatewaysOf(number: number) {
  const clock = manualClock();
  const gateways = Array.from({ length: number }, () => new RequestCounts(clock));
  const reports = new Map<RequestCounts, readonly (ReportedCount & { readonly endsMs: number })[]>();
  const exchange = (gateway: RequestCounts): void => {
    const nowMs = clock.monotonic();
    reports.set(
      gateway,
      gateway.report(1_000).map((count) => ({ ...count, endsMs: nowMs + count.endsInMs })),
    );
    const sums = new Map<string, OtherCount>();
    for (const [other, counts] of reports)
      for (const { caller, used, endsMs } of other === gateway ? [] : counts) {
        if (endsMs <= nowMs) continue;
        const sum = sums.get(caller) ?? { caller, used: 0, gateways: 0, endsInMs: MINUTE };
        const endsInMs = Math.min(sum.endsInMs, endsMs - nowMs);
        sums.set(caller, { caller, used: sum.used + used, gateways: sum.gateways + 1, endsInMs });
      }
    gateway.share({ gateways: number, counts: [...sums.values()] });
  };
  const exchangeAll = () => gateways.forEach(exchange);
  const send = (gateway: RequestCounts | undefined, requests: number): number => {
    let accepted = 0;
    for (let sent = 0; sent < requests; sent++) if (gateway?.take('key k', LIMIT).isExceeded === false) accepted += 1;
    return accepted;
  };
  return { clock, gateways, exchange, exchangeAll, send };
}

describe('the requests of a caller', () => {
  it('are counted by one gateway in windows of a minute', () => {
    const { clock, gateways, send } = gatewaysOf(1);
    const [only] = gateways;
    expect(only?.take('key k', LIMIT)).toEqual({
      isAllowed: false,
      max: LIMIT,
      remaining: LIMIT - 1,
      ttlInSeconds: 60,
      isExceeded: false,
    });
    expect(send(only, 1_000)).toBe(LIMIT - 1);
    clock.advance(MINUTE - 1);
    expect(only?.take('key k', LIMIT)).toMatchObject({ isExceeded: true, remaining: 0, ttlInSeconds: 1 });
    expect(only?.take('key other', LIMIT)).toMatchObject({ isExceeded: false });
    clock.advance(1);
    expect(send(only, 1_000)).toBe(LIMIT);
  });

  it('that all go to one of several gateways can use all of the limit', () => {
    const { gateways, exchangeAll, send } = gatewaysOf(2);
    exchangeAll();
    expect(send(gateways[0], LIMIT / 2)).toBe(LIMIT / 2);
    exchangeAll();
    expect(send(gateways[0], 1_000)).toBe(LIMIT / 2);
  });

  it('can use at another gateway what is left', () => {
    const { gateways, exchangeAll, send } = gatewaysOf(2);
    const [first, second] = gateways;
    exchangeAll();
    send(first, 250);
    exchangeAll();
    send(first, 150);
    exchangeAll();
    expect(send(second, 1_000)).toBe(100); // half of the 200 that are left
    exchangeAll();
    exchangeAll();
    expect([send(first, 1_000), send(second, 1_000)]).toEqual([50, 50]);
  });

  it('are refused by every gateway once all together have accepted the limit', () => {
    const { clock, gateways, exchangeAll, send } = gatewaysOf(3);
    exchangeAll();
    expect(gateways.map((gateway) => send(gateway, 1_000))).toEqual([200, 200, 200]);
    expect(gateways[0]?.take('key k', LIMIT)).toMatchObject({ isExceeded: true, ttlInSeconds: 1 });
    exchangeAll();
    exchangeAll();
    expect(gateways.map((gateway) => send(gateway, 1_000))).toEqual([0, 0, 0]);
    clock.advance(10_000);
    exchangeAll();
    expect(gateways[0]?.take('key k', LIMIT)).toMatchObject({ isExceeded: true, remaining: 0, ttlInSeconds: 50 });
    clock.advance(50_000);
    expect(send(gateways[1], 1)).toBe(1);
  });

  it('are counted by each gateway alone, and not refused, while the others are unknown', () => {
    const { clock, gateways, exchangeAll, send } = gatewaysOf(2);
    const [first, second] = gateways;
    exchangeAll();
    expect(send(first, 1_000)).toBe(LIMIT / 2);
    clock.advance(2_501);
    expect(send(first, 1_000)).toBe(LIMIT / 2);
    expect(send(second, 1_000)).toBe(LIMIT);
    exchangeAll();
    exchangeAll();
    expect(send(first, 1_000) + send(second, 1_000)).toBe(0);
    clock.advance(MINUTE);
    expect([send(first, 1_000), send(second, 1_000)]).toEqual([LIMIT, LIMIT]);
  });

  it('follow a change of the limit at once', () => {
    const { gateways } = gatewaysOf(1);
    const [only] = gateways;
    for (let sent = 0; sent < 10; sent++) only?.take('key k', 10);
    expect(only?.take('key k', 10)).toMatchObject({ isExceeded: true });
    expect(only?.take('key k', 20)).toMatchObject({ isExceeded: false, remaining: 9 });
    expect(only?.take('key k', 5)).toMatchObject({ isExceeded: true, remaining: 0 });
  });

  it('are reported from a tenth of the limit on, those of the most used callers first', () => {
    const counts = new RequestCounts(manualClock());
    for (let sent = 0; sent < 59; sent++) counts.take('key few', LIMIT);
    for (let sent = 0; sent < 60; sent++) counts.take('key some', LIMIT);
    for (let sent = 0; sent < 5; sent++) counts.take('key all', 5);
    for (let caller = 0; caller < 1_500; caller++) counts.take(`key ${caller}`, 2);
    const reported = counts.report(1_000);
    expect(reported).toHaveLength(1_000);
    expect(reported[0]).toEqual({ caller: 'key all', used: 5, endsInMs: MINUTE });
    expect(reported.map(({ caller }) => caller)).not.toContain('key few');
  });

  it('are accepted by several gateways less than twice as often as by one, whenever and wherever they are sent', () => {
    const seed = seedOfRun();
    for (let round = 0; round < 30; round++) {
      const dice: Dice = diceOf(seed + round);
      const number = 2 + dice.below(4);
      const { clock, gateways, exchange, exchangeAll, send } = gatewaysOf(number);
      exchangeAll();
      let accepted = 0;
      for (let step = 0; step < 200; step++) {
        if (dice.oneIn(3)) exchange(dice.pick(gateways));
        if (dice.oneIn(3)) accepted += send(dice.pick(gateways), dice.below(2 * LIMIT));
        if (step % 10 === 0) exchangeAll(); // every gateway does within half a second
        clock.advance(20);
      }
      expect([seed, round, accepted < 2 * LIMIT]).toEqual([seed, round, true]);
      exchangeAll();
      exchangeAll();
      for (const gateway of gateways) send(gateway, 2 * LIMIT);
      exchangeAll();
      expect(gateways.map((gateway) => send(gateway, 10))).toEqual(gateways.map(() => 0));
    }
  });
});
