import { threadId } from 'node:worker_threads';
import { silentLogger } from '#kernel';
import { eventually, manualClock } from '#testing';
import { jobs } from './testdata/jobs.ts';
import { ThreadPool, type ThreadPoolOptions } from './thread-pool.ts';
import { threadProgram } from './thread-program.ts';

const LARGE = 1_000_000;
const clock = manualClock();
let pool: ThreadPool<typeof jobs>;
const open = (more: Partial<ThreadPoolOptions<typeof jobs>> = {}): ThreadPool<typeof jobs> =>
  (pool = new ThreadPool({
    jobs,
    program: threadProgram('testdata/test', import.meta.url),
    clock,
    log: silentLogger,
    ...more,
  }));
afterEach(() => pool.close());

const newCounter = () => new Int32Array(new SharedArrayBuffer(4));

describe('use-S4: a pool of threads', () => {
  it('does not block the event loop while a job runs', async () => {
    const counter = newCounter();
    const turn = () => {
      if (Atomics.add(counter, 0, 1) < 10_000) setImmediate(turn);
    };
    turn();
    // The job waits until this thread has counted: it would never end on this thread.
    const done = await open().run('awaitCount', { counter, count: 10_000 }, LARGE);
    expect(done).toEqual({ ok: true, value: expect.any(Number) });
    expect(done).not.toEqual({ ok: true, value: threadId });
  });

  it('runs small jobs on the calling thread', async () => {
    expect(await open().run('whichThread', null, 100)).toEqual({ ok: true, value: threadId });
    await expect(pool.run('fail', 'why', 100)).rejects.toThrow('why');
  });

  it('runs jobs concurrently up to the number of threads, and others afterwards', async () => {
    open({ threads: 2 });
    const counter = newCounter();
    const two = Array.from({ length: 2 }, () => pool.run('meet', { counter, count: 2 }, LARGE));
    const more = [1, 2, 3, 4].map((input) => pool.run('double', input, LARGE));
    const threads = (await Promise.all(two)).map((outcome) => outcome.ok && outcome.value);
    expect(new Set(threads).size).toBe(2);
    expect(await Promise.all(more)).toEqual([2, 4, 6, 8].map((value) => ({ ok: true, value })));
  });

  it('terminates a job that takes too long together with its thread, and continues with another thread', async () => {
    open({ threads: 1, timeoutMs: 5_000 });
    expect(await pool.run('double', 1, LARGE)).toEqual({ ok: true, value: 2 }); // its thread has started
    const endless = pool.run('forever', null, LARGE);
    const next = pool.run('double', 2, LARGE);
    clock.advance(4_999);
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1);
    expect(await endless).toEqual({ ok: false, error: 'time' });
    expect(await next).toEqual({ ok: true, value: 4 });
  });

  it('terminates a job that uses too much memory, and continues with another thread', async () => {
    open({ threads: 1, heapMb: 32 });
    expect(await pool.run('allocate', null, LARGE)).toEqual({ ok: false, error: 'memory' });
    expect(await pool.run('double', 3, LARGE)).toEqual({ ok: true, value: 6 });
  });

  it('refuses a job when too many are waiting', async () => {
    open({ threads: 1, mostWaiting: 2 });
    const counter = newCounter();
    const first = pool.run('awaitCount', { counter, count: 1 }, LARGE);
    const second = pool.run('double', 1, LARGE);
    expect(await pool.run('double', 1, LARGE)).toEqual({ ok: false, error: 'busy' });
    Atomics.add(counter, 0, 1);
    expect([await first, await second]).toMatchObject([{ ok: true }, { ok: true }]);
  });

  it('rejects if a job has a defect, or if its thread exits or does not start', async () => {
    open({ threads: 1 });
    await expect(pool.run('fail', 'why', LARGE)).rejects.toMatchObject({ cause: expect.stringContaining('why') });
    await expect(pool.run('leave', null, LARGE)).rejects.toThrow('a thread of the pool failed');
    expect(await pool.run('double', 4, LARGE)).toEqual({ ok: true, value: 8 });
    await pool.close();
    open({ program: threadProgram('testdata/broken', import.meta.url) });
    await expect(pool.run('double', 1, LARGE)).rejects.toThrow('a thread of the pool failed');
  });

  it('terminates a thread that has been idle for a minute', async () => {
    open({ threads: 1 });
    const first = await pool.run('whichThread', null, LARGE);
    expect(await pool.run('whichThread', null, LARGE)).toEqual(first);
    await eventually(async () => {
      clock.advance(60_000);
      expect(await pool.run('whichThread', null, LARGE)).not.toEqual(first);
    });
  });

  it('rejects running jobs when it is closed', async () => {
    open({ threads: 1 });
    const running = pool.run('forever', null, LARGE);
    const waiting = pool.run('double', 1, LARGE);
    const refused = Promise.all([expect(running).rejects.toThrow('closed'), expect(waiting).rejects.toThrow('closed')]);
    await pool.close();
    await refused;
    await expect(pool.run('double', 1, LARGE)).rejects.toThrow('closed');
  });
});
