import { Worker } from 'node:worker_threads';
import { err, ok, type Clock, type Logger, type Result, type Timer } from '#kernel';
import { runJob, type JobRefusal, type Jobs, type Order, type Report } from './jobs.ts';
import type { ThreadProgram } from './thread-program.ts';

export interface ThreadPoolOptions<J extends Jobs> {
  /** The jobs that the program serves. Small ones run on the calling thread. */
  readonly jobs: J;
  /** Thread program that calls `serveJobs` with the same jobs. */
  readonly program: ThreadProgram;
  readonly clock: Clock;
  readonly log: Logger;
  /** Maximum threads, each of which is started on demand; 2 by default. */
  readonly threads?: number;
  /**
   * Milliseconds after which a job is terminated with its thread, not including the start of the thread; 10,000 by
   * default.
   */
  readonly timeoutMs?: number;
  /** Maximum heap of a thread in MB. A job that exceeds it is terminated with its thread. 256 by default. */
  readonly heapMb?: number;
  /** Maximum number of waiting jobs; 100 by default. */
  readonly mostWaiting?: number;
  /** Inputs below this size run on the calling thread, because copying would cost more; 16 KiB by default. */
  readonly inlineBytes?: number;
}

/** Memory for new objects of a thread. By default it grows to 100 MB. */
const YOUNG_MB = 24;
/** Milliseconds after which an idle thread is terminated. */
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
  /** Time limit of the current task, or of an idle thread. */
  timer: Timer | undefined;
}

/**
 * Runs jobs that would block the event loop on a few threads. Each job is limited in time and memory; a thread that
 * exceeds a limit is terminated and replaced. Threads do not keep the process alive.
 */
export class ThreadPool<J extends Jobs> {
  private readonly threads = new Set<Thread>();
  private readonly waiting: Task[] = [];
  private isClosed = false;

  constructor(private readonly options: ThreadPoolOptions<J>) {}

  /**
   * Runs a job. Rejects if the job throws, which is a defect of the job, or if the pool is closed before it ends.
   * @param bytes approximate size of the input, which determines where the job runs
   */
  async run<K extends keyof J & string>(
    name: K,
    input: Parameters<J[K]>[0],
    bytes: number,
  ): Promise<Result<ReturnType<J[K]>, JobRefusal>> {
    const { jobs, mostWaiting = 100, inlineBytes = 16 * 1_024 } = this.options;
    const order: Order = { name, input };
    const outcome = bytes < inlineBytes ? ok(runJob(jobs, order)) : await this.inThread(order, mostWaiting);
    return outcome as Result<ReturnType<J[K]>, JobRefusal>; // threads and this one serve the same jobs
  }

  /** Terminates all threads. Running jobs reject. */
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
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_MB },
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

  /** Handles a thread that exited: it was out of memory, or failed for a reason that no job caused. */
  private broken(thread: Thread, error: unknown): void {
    if (!this.threads.has(thread)) return;
    const { task, isReady } = thread;
    const isMemory =
      typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    const failure = new Error('a thread of the pool failed', { cause: error });
    this.options.log.warn({ job: task?.order.name, err: String(error) }, 'a thread of the pool ended');
    // Another thread would not start either.
    if (!isReady) for (const lost of this.waiting.splice(0)) lost.fail(failure);
    void this.end(thread, ({ settle, fail }) => (isMemory ? settle(err('memory')) : fail(failure)));
  }

  private async end(thread: Thread, notify: (task: Task) => void = () => {}): Promise<void> {
    if (!this.threads.delete(thread)) return;
    thread.timer?.cancel();
    if (thread.task) notify(thread.task);
    if (!this.isClosed) this.distribute();
    await thread.worker.terminate();
  }
}
