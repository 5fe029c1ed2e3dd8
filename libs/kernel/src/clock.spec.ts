import { abortAfter, pause, withTimeout, type Clock } from './clock.ts';

/** Returns a clock whose timers the test fires. */
function fakeClock() {
  const timers = new Map<object, { readonly ms: number; readonly fire: () => void }>();
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    timer(ms, fire) {
      const timer = { cancel: () => void timers.delete(timer) };
      timers.set(timer, { ms, fire });
      return timer;
    },
  };
  return { clock, pending: () => [...timers.values()] };
}

/** Returns whether a promise has settled after all pending callbacks have run. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await new Promise(setImmediate);
  return settled;
}

describe('a pause', () => {
  it('ends when its timer fires, and not before', async () => {
    const { clock, pending } = fakeClock();
    const paused = pause(clock, 250);
    expect(pending().map(({ ms }) => ms)).toEqual([250]);
    expect(await isSettled(paused)).toBe(false);
    pending()[0]?.fire();
    expect(await isSettled(paused)).toBe(true);
  });

  it('ends immediately when the signal aborts, and leaves no timer', async () => {
    const { clock, pending } = fakeClock();
    const abort = new AbortController();
    const paused = pause(clock, 250, abort.signal);
    abort.abort();
    expect(await isSettled(paused)).toBe(true);
    expect(pending()).toEqual([]);
  });

  it('ends immediately when the signal has aborted before', async () => {
    const { clock, pending } = fakeClock();
    expect(await isSettled(pause(clock, 250, AbortSignal.abort()))).toBe(true);
    expect(pending()).toEqual([]);
  });

  it('removes its listener from the signal when it is over', async () => {
    const { clock, pending } = fakeClock();
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...parameters: Parameters<typeof add>) => void (listeners++, add(...parameters));
    signal.removeEventListener = (...parameters: Parameters<typeof remove>) =>
      void (listeners--, remove(...parameters));
    const paused = pause(clock, 250, signal);
    expect(listeners).toBe(1);
    pending()[0]?.fire();
    await paused;
    expect(listeners).toBe(0);
  });
});

describe('a time limit', () => {
  it('aborts when its timer fires, with a reason that distinguishes it from other aborts', () => {
    const { clock, pending } = fakeClock();
    const signal = abortAfter(clock, 250);
    expect(pending().map(({ ms }) => ms)).toEqual([250]);
    expect(signal.aborted).toBe(false);
    pending()[0]?.fire();
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  });
});

describe('work with a timeout', () => {
  it('returns its own result or error, and cancels the timer', async () => {
    const { clock, pending } = fakeClock();
    expect(await withTimeout(clock, 250, Promise.resolve('done'), () => 'late')).toBe('done');
    await expect(withTimeout(clock, 250, Promise.reject(new Error('failed')), () => 'late')).rejects.toThrow('failed');
    expect(pending()).toEqual([]);
  });

  it('returns the result or the error of the timeout if it takes longer', async () => {
    const { clock, pending } = fakeClock();
    const never = new Promise<string>(() => {});
    const late = withTimeout(clock, 250, never, () => 'late');
    const failing = withTimeout(clock, 250, never, (): never => {
      throw new Error('too late');
    });
    expect(pending().map(({ ms }) => ms)).toEqual([250, 250]);
    for (const { fire } of pending()) fire();
    expect(await late).toBe('late');
    await expect(failing).rejects.toThrow('too late');
    expect(pending()).toEqual([]);
  });
});
