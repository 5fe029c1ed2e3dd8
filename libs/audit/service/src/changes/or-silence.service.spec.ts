import { pause } from '#kernel';
import { manualClock } from '#testing';
import { orSilence } from './or-silence.service.ts';

const options = () => ({ clock: manualClock(), ms: 1_000, signal: new AbortController().signal });

describe('the items of a source, or undefined', () => {
  it('are undefined while the source is silent, and the items as soon as they arrive', async () => {
    const given = options();
    let send = (_item: string): void => {};
    const items = orSilence(async function* () {
      yield await new Promise<string>((resolve) => (send = resolve));
    }, given);
    for (let silence = 0; silence < 3; silence += 1) {
      const next = items.next();
      given.clock.advance(1_000);
      expect(await next).toEqual({ done: false, value: undefined });
    }
    const next = items.next();
    send('first');
    expect(await next).toEqual({ done: false, value: 'first' });
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });

  it('stop the source when the reader leaves during a silence', async () => {
    const given = options();
    let isStopped = false;
    const items = orSilence(async function* (signal) {
      try {
        while (!signal.aborted) await pause(given.clock, 1_000_000, signal);
      } finally {
        isStopped = true;
      }
      yield 'never';
    }, given);
    const next = items.next();
    given.clock.advance(1_000);
    await next;
    await items.return(undefined);
    expect(isStopped).toBe(true);
  });

  it('end with the error of the source', async () => {
    const items = orSilence(async function* () {
      yield 'first';
      throw new Error('broken');
    }, options());
    expect(await items.next()).toEqual({ done: false, value: 'first' });
    await expect(items.next()).rejects.toThrow('broken');
  });
});
