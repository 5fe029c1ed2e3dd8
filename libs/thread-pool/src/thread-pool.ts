import { Worker } from 'node:worker_threads';
import { err, ok, type Clock, type Logger, type Result, type Timer } from '#kernel';
import { runJob, type JobRefusal, type Jobs, type Order, type Report } from './jobs.ts';
import type { ThreadProgram } from './thread-program.ts';

export interface ThreadPoolOptions<J extends Jobs> {
  /** The jobs that the program serves too; small ones are done here. */
  readonly jobs: J;
  /** Calls `serveJobs` with the same jobs. */
  readonly program: ThreadProgram;
  readonly clock: Clock;
  readonly log: Logger;
  /** Threads at most, each started when there is work for it; 2 when left out. */
  readonly threads?: number;
  /** A job that takes longer ends with its thread; 10,000 ms when left out. The start of a thread does not count. */
  readonly timeoutMs?: number;
  /** Heap of a thread; a job that needs more ends with its thread. 256 MB when left out. */
  readonly heapMb?: number;
  /** Jobs that may wait for a thread; 100 when left out. */
  readonly mostWaiting?: number;
  /** An input below this is handled on the calling thread: copying it would cost more; 16 KiB when left out. */
  readonly inlineBytes?: number;
}

/** A thread without work is ended after this. */
const IDLE_MS = 60_000;

interface Task {
  readonly order: Order;
  settle(outcome: Result<unknown, JobRefusal>): void;
  fail(error: Error): void;
}

interface Thread {
  readonly worker: Worker;
  isReady: boolean;
  task: Task | undefined;
  /** Ends what takes too long while there is a task, an idle thread otherwise. */
  timer: Timer | undefined;
}

/**
 * A few threads for work that would hold the event loop. Each job has a limit of time and memory; a thread that passes one
 * is ended and replaced. Threads keep no process alive.
 */
export class ThreadPool<J extends Jobs> {
  private readonly threads = new Set<Thread>();
  private readonly waiting: Task[] = [];
  private isClosed = false;

  constructor(private readonly options: ThreadPoolOptions<J>) {}

  /**
   * Does a job. Rejects when the job throws, which is a defect of the job, and when the pool is closed in the meantime.
   * @param bytes roughly what the input has; decides where the job is done
   */
  async run<K extends keyof J & string>(
    name: K,
    input: Parameters<J[K]>[0],
    bytes: number,
  ): Promise<Result<ReturnType<J[K]>, JobRefusal>> {
    const { jobs, mostWaiting = 100, inlineBytes = 16 * 1_024 } = this.options;
    const order: Order = { name, input };
    const outcome = bytes < inlineBytes ? ok(runJob(jobs, order)) : await this.inThread(order, mostWaiting);
    return outcome as Result<ReturnType<J[K]>, JobRefusal>; // the same jobs are served in threads and here
  }

  /** Ends all threads; jobs under way reject. */
  async close(): Promise<void> {
    this.isClosed = true;
    const closed = new Error('the thread pool is closed');
    for (const task of this.waiting.splice(0)) task.fail(closed);
    await Promise.all([...this.threads].map((thread) => this.end(thread, (task) => task.fail(closed))));
  }

  private inThread(order: Order, mostWaiting: number): Promise<Result<unknown, JobRefusal>> {
    if (this.isClosed) return Promise.reject(new Error('the thread pool is closed'));
    if (this.waiting.length >= mostWaiting) return Promise.resolve(err('busy'));
    return new Promise((resolve, reject) => {
      this.waiting.push({ order, settle: resolve, fail: reject });
      this.distribute();
    });
  }

  private distribute(): void {
    for (const thread of this.threads) {
      if (this.waiting.length === 0) return;
      if (thread.isReady && !thread.task) this.assign(thread);
    }
    const starting = [...this.threads].filter(({ isReady }) => !isReady).length;
    const missing = Math.min(this.waiting.length - starting, (this.options.threads ?? 2) - this.threads.size);
    for (let count = 0; count < missing; count++) this.start();
  }

  private assign(thread: Thread): void {
    const task = this.waiting.shift();
    if (!task) return;
    const { clock, log, timeoutMs = 10_000 } = this.options;
    thread.task = task;
    thread.timer?.cancel();
    thread.timer = clock.timer(timeoutMs, () => {
      log.warn({ job: task.order.name, timeoutMs }, 'a job exceeded its time limit and was terminated');
      void this.end(thread, ({ settle }) => settle(err('time')));
    });
    thread.worker.postMessage(task.order);
  }

  private start(): void {
    const { program, heapMb = 256 } = this.options;
    const worker = new Worker(program.file, {
      execArgv: [...program.execArgv],
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    });
    const thread: Thread = { worker, isReady: false, task: undefined, timer: undefined };
    this.threads.add(thread);
    worker.unref();
    worker.on('message', (report: Report) => this.take(thread, report));
    worker.on('error', (error) => this.broken(thread, error));
    worker.on('exit', (code) => this.broken(thread, new Error(`a thread of the pool ended with ${code}`)));
  }

  private take(thread: Thread, report: Report): void {
    if (!this.threads.has(thread)) return;
    const { task } = thread;
    thread.timer?.cancel();
    thread.task = undefined;
    thread.isReady = true;
    if ('value' in report) task?.settle(ok(report.value));
    if ('failure' in report) task?.fail(new Error('a job failed', { cause: report.failure }));
    this.distribute();
    if (!thread.task) thread.timer = this.options.clock.timer(IDLE_MS, () => void this.end(thread));
  }

  /** A thread ended by itself: for want of memory, or for a reason that no job of it is to blame for. */
  private broken(thread: Thread, error: unknown): void {
    if (!this.threads.has(thread)) return;
    const { task, isReady } = thread;
    const isMemory =
      typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    const failure = new Error('a thread of the pool failed', { cause: error });
    this.options.log.warn({ job: task?.order.name, err: String(error) }, 'a thread of the pool ended');
    if (!isReady) for (const lost of this.waiting.splice(0)) lost.fail(failure); // the next one would not start either
    void this.end(thread, ({ settle, fail }) => (isMemory ? settle(err('memory')) : fail(failure)));
  }

  private async end(thread: Thread, tell: (task: Task) => void = () => {}): Promise<void> {
    if (!this.threads.delete(thread)) return;
    thread.timer?.cancel();
    if (thread.task) tell(thread.task);
    if (!this.isClosed) this.distribute();
    await thread.worker.terminate();
  }
}
