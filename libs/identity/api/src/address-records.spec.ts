import { keepClientAddressRequest } from '#identity/contract';
import { busErrors, refuse, reply } from '#bus';
import { manualClock } from '#testing';
import { answeringBus } from '#testing/embedded';
import { createAddressRecords } from './address-records.ts';

function context(answer: () => Promise<string | null> = () => Promise.resolve('a1')) {
  const clock = manualClock();
  const asked: unknown[] = [];
  const state = { isUnavailable: false };
  const bus = answeringBus('gateway', {
    [keepClientAddressRequest.subject]: async (input) => {
      asked.push(input);
      return state.isUnavailable ? refuse(busErrors.nobodyServes('identity')) : reply({ id: await answer() });
    },
  });
  return { clock, asked, state, recordOf: createAddressRecords({ bus, clock }) };
}

describe('the record of an address', () => {
  it('is requested once for each person and address, also by simultaneous requests', async () => {
    const { recordOf, asked } = context();
    const found = await Promise.all([1, 2, 3].map(() => recordOf('ada', '192.0.2.1')));
    expect(found).toEqual(['a1', 'a1', 'a1']);
    expect(await recordOf('ada', '192.0.2.1')).toBe('a1');
    expect(asked).toEqual([{ userId: 'ada', address: '192.0.2.1' }]);
    await recordOf('ada', '192.0.2.2');
    await recordOf('grace', '192.0.2.1');
    expect(asked).toHaveLength(3);
  });

  it('is undefined while identity is unavailable, which is asked again only after 10 s', async () => {
    const { recordOf, asked, state, clock } = context();
    state.isUnavailable = true;
    expect(await recordOf('ada', '192.0.2.1')).toBeUndefined();
    expect(await recordOf('grace', '192.0.2.1')).toBeUndefined();
    expect(asked).toHaveLength(1);
    state.isUnavailable = false;
    clock.advance(10_000);
    expect(await recordOf('ada', '192.0.2.1')).toBe('a1');
  });

  it('keeps no request waiting longer than 250 ms', async () => {
    const { recordOf, clock } = context(() => new Promise(() => {}));
    const waiting = recordOf('ada', '192.0.2.1');
    clock.advance(250);
    expect(await waiting).toBeUndefined();
  });
});
