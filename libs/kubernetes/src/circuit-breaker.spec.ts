import { manualClock } from '#testing';
import { CircuitBreaker } from './circuit-breaker.ts';
import { KubernetesApiError } from './client.ts';
import { TransportError } from './transport.ts';

const silent = () => Promise.reject(new TransportError('refused', 'no answer', { uncertain: true, stale: false }));
const answer = (status: number) => () =>
  Promise.reject(new KubernetesApiError({ status, reason: 'x', message: `said ${status}` }));

describe('K8.6-12: calls to a cluster that does not respond', () => {
  let clock: ReturnType<typeof manualClock>;
  let breaker: CircuitBreaker;
  let made: number;
  const call = (how: () => Promise<unknown> = () => Promise.resolve('ok')) =>
    breaker.run(() => {
      made += 1;
      return how();
    });
  const fails = async (times: number, how = silent) => {
    for (let time = 0; time < times; time++) await expect(call(how)).rejects.toThrow();
  };
  beforeEach(() => {
    clock = manualClock();
    breaker = new CircuitBreaker(clock);
    made = 0;
  });

  it('fail with its last error, without being made, after five that failed', async () => {
    await fails(5);
    expect(breaker.state).toBe('open');
    await expect(call()).rejects.toMatchObject({ why: 'refused', message: 'no answer', uncertain: false });
    expect(made).toBe(5);
  });

  it('are made again after two seconds, one at first, and all when it responds', async () => {
    await fails(5);
    clock.advance(2_000);
    const { promise, resolve } = Promise.withResolvers<string>();
    const probe = call(() => promise);
    await expect(call()).rejects.toMatchObject({ why: 'refused' });
    resolve('ok');
    expect(await probe).toBe('ok');
    expect(breaker.state).toBe('closed');
    expect(await call()).toBe('ok');
    expect(made).toBe(7);
  });

  it('fail for two more seconds if the first one fails again', async () => {
    await fails(5);
    clock.advance(2_000);
    await fails(1);
    await fails(3);
    expect(made).toBe(6);
  });

  it.each([502, 503, 504])('fail in the same way on %s', async (status) => {
    await fails(5, answer(status));
    await expect(call()).rejects.toMatchObject({ status });
    expect(made).toBe(5);
  });

  it('are made if others were answered in between, also with an error about the request', async () => {
    await fails(4);
    await fails(1, answer(422));
    await fails(4);
    expect(breaker.state).toBe('closed');
  });

  it('are made if the caller ended the others, or if the address is not allowed', async () => {
    for (const why of ['aborted', 'egress', 'too-large'] as const)
      await fails(5, () => Promise.reject(new TransportError(why, '', { uncertain: false, stale: false })));
    expect(breaker.state).toBe('closed');
  });

  it('K8.6-13: fail immediately after the credential was rejected five times in a row, until one succeeds', async () => {
    await fails(4, answer(401));
    expect(breaker.state).toBe('closed');
    await fails(1, answer(401));
    expect(breaker.state).toBe('unauthorized');
    await expect(call()).rejects.toMatchObject({ status: 401 });
    expect(made).toBe(5);
    clock.advance(2_000);
    expect(await call()).toBe('ok');
    expect(breaker.state).toBe('closed');
  });

  it('K8.6-13: are made when the credential was read again, until the next one is rejected', async () => {
    await fails(5, answer(401));
    breaker.retry();
    await fails(1, answer(401));
    await fails(1);
    expect(made).toBe(6);
    breaker.retry();
    expect(await call()).toBe('ok');
    await fails(4, answer(401));
    expect(breaker.state).toBe('closed');
  });

  it('are counted by how they fail', async () => {
    await fails(4, answer(401));
    await fails(4);
    expect(breaker.state).toBe('closed');
    await fails(1);
    breaker.retry();
    expect(breaker.state).toBe('open');
    clock.advance(2_000);
    await fails(1, answer(401));
    expect(breaker.state).toBe('closed');
  });
});
