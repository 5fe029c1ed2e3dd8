import { Worker } from 'node:worker_threads';
import { pause, type Clock, type Logger } from '#kernel';
import { threadProgram } from '#thread-pool';

/** What a thread is started with. */
export interface ThreadData {
  /** Folder with a folder for each organization. */
  readonly clusters: string;
  /** It serves the sandboxes that have this slot, and no others. */
  readonly slot: number;
  /** Address it listens on. */
  readonly host: string;
  /** Where it serves them over TLS; another one where this is taken. */
  readonly preferredPort: number;
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** Nodes of one sandbox. */
  readonly mostNodes?: number;
}

/** What a thread is told: to load a sandbox (and make it), or to give all files up. Each is answered. */
export interface Order {
  readonly number: number;
  readonly open?: string;
}

/** What a thread says: at which port it serves, the answer to an order, or a line for the log. */
export type Report =
  | { readonly port: number }
  | { readonly number: number; readonly value?: OpenedSandbox }
  | { readonly number: number; readonly failure: string }
  | { readonly level: keyof Logger; readonly fields: object; readonly message: string };

export interface OpenedSandbox {
  /** Bearer token of the owner. */
  readonly token: string;
  /** UID of the namespace kube-system: the cluster's identity. */
  readonly uid: string;
}

class ThreadEndedError extends Error {}

/** After so long a thread that ended is started again. */
const AGAIN_MS = 500;

const PROGRAM = threadProgram('sandbox', import.meta.url);

/** A thread that sandbox clusters live in. One that ends by itself is started again; what its sandboxes acknowledged is on disk. */
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

  /** @param surroundings.program of the thread; the built-in one when left out */
  constructor(
    private readonly data: ThreadData,
    private readonly surroundings: { readonly clock: Clock; readonly log: Logger; readonly program?: string },
  ) {
    this.port = data.preferredPort;
    this.started = this.start();
  }

  /** The port, once it serves there. Rejects when the thread ended instead; the next time is another try. */
  get serving(): Promise<number> {
    return this.started;
  }

  private start(): Promise<number> {
    const { clock, log, program = PROGRAM.file } = this.surroundings;
    const { slot } = this.data;
    const worker = (this.worker = new Worker(program, {
      workerData: { ...this.data, preferredPort: this.port },
      execArgv: [...PROGRAM.execArgv],
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
        this.started.catch(() => {}); // who waits for it is told
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

  /** Loads a sandbox that has this thread's slot, and makes it where there is none. Rejects when that fails. */
  async open(organizationId: string): Promise<OpenedSandbox> {
    const order = { open: organizationId };
    const opened = await this.ask(order).catch((error: unknown) => {
      // A thread may have ended before anybody here heard of it: the next one does the same.
      if (this.isStopping || !(error instanceof ThreadEndedError)) throw error;
      return this.ask(order);
    });
    if (!opened) throw new Error('the thread did not open a sandbox');
    return opened;
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.ask({}).catch(() => {}); // one that is not there has nothing open
    await this.worker?.terminate();
  }
}
