import { manualClock } from '#testing';
import { watchStores } from './store-state.ts';
import type { Engines } from './engines.ts';

type Stores = Pick<Engines, 'readStore' | 'vault'>;
const stores = (checkpoint: () => Promise<unknown>, get: () => Promise<unknown>): Stores =>
  ({ readStore: { checkpoint }, vault: { get } }) as unknown as Stores; // what is looked at
const fails = (code: string) => async () => Promise.reject(Object.assign(new Error('x'), { code }));
const nothing = async () => undefined;

describe('the state of the stores', () => {
  it('says which responds, and the code of the error of one that does not', async () => {
    expect(await watchStores(stores(nothing, fails('vault/unavailable')), manualClock())()).toEqual([
      { name: 'read store', ok: true, required: false },
      { name: 'vault', ok: false, required: false, detail: 'vault/unavailable' },
    ]);
  });

  it('leaves out what the process does not have', async () => {
    expect(await watchStores({}, manualClock())()).toEqual([]);
  });

  it('does not wait longer than a probe for one that hangs', async () => {
    const clock = manualClock();
    const state = watchStores(
      stores(() => new Promise(() => {}), nothing),
      clock,
    )();
    clock.advance(1_000);
    expect(await state).toMatchObject([{ name: 'read store', ok: false, detail: 'does not respond' }, { ok: true }]);
  });

  it('asks once for all who want to know at the same time, and again later', async () => {
    const clock = manualClock();
    let asked = 0;
    const state = watchStores(
      stores(async () => void (asked += 1), nothing),
      clock,
    );
    await Promise.all([state(), state(), state()]);
    expect(asked).toBe(1);
    clock.advance(501);
    await state();
    expect(asked).toBe(2);
  });
});
