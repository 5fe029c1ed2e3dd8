import { manualClock } from '#testing';
import { watchStores } from './store-state.ts';
import type { Engines } from './engines.ts';

type Stores = Pick<Engines, 'readStore' | 'vault' | 'queue'>;
const stores = (
  checkpoint: () => Promise<unknown>,
  get: () => Promise<unknown>,
  ping: () => Promise<unknown> = async () => {},
): Stores => ({ readStore: { checkpoint }, vault: { get }, queue: { ping } }) as unknown as Stores; // the functions that are used
const fails = (code: string) => async () => Promise.reject(Object.assign(new Error('x'), { code }));
const nothing = async () => undefined;

describe('the state of the stores', () => {
  it('has which stores respond, and the error code of those that do not', async () => {
    const failing = stores(nothing, fails('vault/unavailable'), fails('work-queue/unavailable'));
    expect(await watchStores(failing, manualClock())()).toEqual([
      { name: 'read store', ok: true, required: false },
      { name: 'vault', ok: false, required: false, detail: 'vault/unavailable' },
      { name: 'work queue', ok: false, required: false, detail: 'work-queue/unavailable' },
    ]);
  });

  it('omits stores that the process does not have', async () => {
    expect(await watchStores({}, manualClock())()).toEqual([]);
  });

  it('does not wait longer than a probe for a store that hangs', async () => {
    const clock = manualClock();
    const state = watchStores(
      stores(() => new Promise(() => {}), nothing),
      clock,
    )();
    clock.advance(1_000);
    expect(await state).toMatchObject([
      { name: 'read store', ok: false, detail: 'does not respond' },
      { ok: true },
      { ok: true },
    ]);
  });

  it('is read once for simultaneous callers, and again later', async () => {
    const clock = manualClock();
    let reads = 0;
    const state = watchStores(
      stores(async () => void (reads += 1), nothing),
      clock,
    );
    await Promise.all([state(), state(), state()]);
    expect(reads).toBe(1);
    clock.advance(501);
    await state();
    expect(reads).toBe(2);
  });
});
