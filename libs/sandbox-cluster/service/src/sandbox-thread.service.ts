import { Worker } from 'node:worker_threads';
import { pause, type Clock, type Logger } from '#kernel';
import { threadProgram } from '#thread-pool';

/** Data that a sandbox thread is started with. */
export interface ThreadData {
  /** Folder that contains a folder for each organization. */
  readonly clusters: string;
  /** The thread serves the sandboxes with this slot only. */
  readonly slot: number;
  /** Address to listen on. */
  readonly host: string;
  /** Port to listen on over TLS. If it is taken, the thread uses another one. */
  readonly preferredPort: number;
  /** PEM certificate. */
  readonly certificate: string;
  /** PEM private key. */
  readonly key: string;
  /** Maximum number of nodes of one sandbox. */
  readonly mostNodes?: number;
}

/**
 * Request to a thread: opens a sandbox, creating it if needed, or closes all files when `open` is missing. Each request
 * gets a reply.
 */
export interface Order {
  readonly number: number;
  readonly open?: string;
}

/** Message from a thread: the port that it listens on, the reply to a request, or a log line. */
export type Report =
  | { readonly port: number }
  | { readonly number: number; readonly value?: OpenedSandbox }
  | { readonly number: number; readonly failure: string }
  | { readonly level: keyof Logger; readonly fields: object; readonly message: string };

export interface OpenedSandbox {
  /** Bearer token of the sandbox's owner. */
  readonly token: string;
  /** UID of the namespace kube-system: the cluster's identity. */
  readonly uid: string;
}

class ThreadEndedError extends Error {}

/** Milliseconds before a thread that exited is restarted. */
const AGAIN_MS = 500;

/** Memory for new objects. By default it grows to 100 MB, and is not given back. */
const YOUNG_MB = 24;

const PROGRAM = threadProgram('sandbox', import.meta.url);

/**
 * A thread that serves sandbox clusters. A thread that exits unexpectedly is restarted; every acknowledged write is on
 * disk.
 */
export class SandboxThread {
  private readonly waiting = new Map<
    number,
    { resolve(value: OpenedSandbox | undefined): void; reject(error: Error): void }
  >();
  private asked = 0;
  private isStopping = false;
  private worker: Worker | undefined;
  private port: number;
  private started: Promise<number>;

  /** @param surroundings.program file of the thread's program; the built-in one by default */
  constructor(
    private readonly data: ThreadData,
    private readonly surroundings: { readonly clock: Clock; readonly log: Logger; readonly program?: string },
  ) {
    this.port = data.preferredPort;
    this.started = this.start();
  }

  /**
   * Resolves with the port when the thread listens. Rejects if the thread exits first; a later read returns the next
   * attempt.
   */
  get serving(): Promise<number> {
    return this.started;
  }

  private start(): Promise<number> {
    const { clock, log, program = PROGRAM.file } = this.surroundings;
    const { slot } = this.data;
    const worker = (this.worker = new Worker(program, {
      workerData: { ...this.data, preferredPort: this.port },
      execArgv: [...PROGRAM.execArgv],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      name: `sandbox ${slot}`,
    }));
    const started = new Promise<number>((resolve, reject) => {
      worker.on('message', (report: Report) => {
        if ('port' in report) resolve((this.port = report.port));
        else if ('level' in report) log[report.level](report.fields, report.message);
        else this.settle(report);
      });
      worker.on('error', (error) =>
        log.error(
          { slot, err: error instanceof Error ? (error.stack ?? error.message) : String(error) },
          'a sandbox thread failed',
        ),
      );
      worker.on('exit', (code) => {
        const ended = new ThreadEndedError('the sandbox thread exited');
        reject(ended);
        for (const { reject: tell } of this.waiting.values()) tell(ended);
        this.waiting.clear();
        if (this.isStopping) return;
        log.error({ slot, code }, 'a sandbox thread exited');
        this.started = pause(clock, AGAIN_MS).then(() => (this.isStopping ? Promise.reject(ended) : this.start()));
        this.started.catch(() => {}); // callers that await it handle the rejection
      });
    });
    started.catch(() => {});
    return started;
  }

  private settle(report: Extract<Report, { readonly number: number }>): void {
    const asker = this.waiting.get(report.number);
    this.waiting.delete(report.number);
    if ('failure' in report) asker?.reject(new Error(report.failure));
    else asker?.resolve(report.value);
  }

  private async ask(order: Omit<Order, 'number'>): Promise<OpenedSandbox | undefined> {
    await this.started;
    return new Promise((resolve, reject) => {
      const number = (this.asked += 1);
      this.waiting.set(number, { resolve, reject });
      this.worker?.postMessage({ ...order, number } satisfies Order);
    });
  }

  /** Opens a sandbox with this thread's slot, and creates it if needed. Rejects when that fails. */
  async open(organizationId: string): Promise<OpenedSandbox> {
    const order = { open: organizationId };
    const opened = await this.ask(order).catch((error: unknown) => {
      // The thread may have exited without this being noticed yet: the restarted one gets the same request.
      if (this.isStopping || !(error instanceof ThreadEndedError)) throw error;
      return this.ask(order);
    });
    if (!opened) throw new Error('the thread did not open a sandbox');
    return opened;
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.ask({}).catch(() => {}); // a thread that has exited has no open files
    await this.worker?.terminate();
  }
}
