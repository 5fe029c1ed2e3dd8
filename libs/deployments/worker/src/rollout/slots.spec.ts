import { FairSlots, type Slot } from './slots.worker.ts';

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise(setImmediate);

/** Starts to take a slot in the background. */
function taking(slot: Slot, signal = never): { readonly slot: Slot; readonly state: () => boolean | undefined } {
  let state: boolean | undefined;
  void slot.take(signal).then((taken) => (state = taken));
  return { slot, state: () => state };
}

describe('use-D15: slots of the worker', () => {
  it('are assigned to the organization that holds the fewest, regardless of the order', async () => {
    const slots = new FairSlots(4);
    const flood = Array.from({ length: 400 }, () => taking(slots.of('flood')));
    await turn();
    expect(flood.filter(({ state }) => state() === true)).toHaveLength(4);
    const single = taking(slots.of('single'));
    flood[0]?.slot.release();
    await turn();
    expect(single.state()).toBe(true);
    expect(flood.filter(({ state }) => state() === true)).toHaveLength(4);
  });

  it('are shared equally by organizations that always need more', async () => {
    const slots = new FairSlots(6);
    const wanted = ['a', 'b', 'c'].map((name) => Array.from({ length: 50 }, () => taking(slots.of(name))));
    await turn();
    const holding = () => wanted.map((all) => all.filter(({ state, slot }) => state() === true && !ended.has(slot)));
    const ended = new Set<Slot>();
    for (let round = 0; round < 20; round++) {
      const [longest] = holding().toSorted((a, b) => b.length - a.length);
      const [first] = longest ?? [];
      if (first) ended.add(first.slot);
      first?.slot.release();
      await turn();
    }
    expect(holding().map(({ length }) => length)).toEqual([2, 2, 2]);
  });

  it('are released while work only waits, and taken again afterwards', async () => {
    const slots = new FairSlots(1);
    const first = slots.of('a');
    await first.take(never);
    const next = taking(slots.of('b'));
    let healthy = (): void => {};
    let done = false;
    const waited = first
      .without(() => first.without(() => new Promise<void>((resolve) => (healthy = resolve)), never), never)
      .then(() => (done = true));
    await turn();
    expect(next.state()).toBe(true);
    healthy();
    await turn();
    expect(done).toBe(false); // the only slot is taken
    next.slot.release();
    await waited;
    expect(taking(slots.of('c')).state()).toBeUndefined();
  });

  it('are not assigned to those that stopped waiting', async () => {
    const slots = new FairSlots(1);
    const holder = slots.of('a');
    await holder.take(never);
    const stop = new AbortController();
    const gone = taking(slots.of('b'), stop.signal);
    const next = taking(slots.of('c'));
    stop.abort();
    await turn();
    expect(gone.state()).toBe(false);
    holder.release();
    await turn();
    expect(next.state()).toBe(true);
  });
});
