import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Clock, Logger } from '#kernel';
import { ORGANIZATION_ID } from './sandbox-paths.ts';

/** What a thread is started with. */
export interface ThreadData {
  /** One folder in it for each organization. */
  readonly folder: string;
}

/** What a thread is told; each is answered. */
export interface Order {
  readonly number: number;
  readonly verb: 'open' | 'close';
  readonly organizationId: string;
}

/** What a thread says: an answer to an order, or a line for the log. */
export type Report =
  | { readonly number: number; readonly value: OpenedSandbox | undefined }
  | { readonly number: number; readonly failure: string }
  | { readonly level: keyof Logger; readonly fields: object; readonly message: string };

/** A sandbox that is loaded. */
export interface OpenedSandbox {
  /** Of 127.0.0.1, where it is served over plain HTTP. */
  readonly port: number;
  /** Bearer token of the owner. */
  readonly token: string;
  /** UID of the namespace kube-system: the cluster's identity. */
  readonly uid: string;
}

export interface SandboxThreads {
  /**
   * The sandbox of an organization, loaded (and made) when it is first asked for, and kept until all that use it have
   * released it. Rejects when it cannot be loaded.
   */
  use(organizationId: string): Promise<{ readonly sandbox: OpenedSandbox; release(): void }>;
  /** Whether it is loaded now. */
  has(organizationId: string): boolean;
  /** Gives all files up. */
  close(): Promise<void>;
}

export interface SandboxThreadsOptions extends ThreadData {
  readonly clock: Clock;
  readonly log: Logger;
  /** The program of a thread; the built-in one when left out. */
  readonly program?: string;
}

/** Each costs some memory; sandboxes beyond that share the thread that has the fewest. */
const MOST_THREADS = 4;
const LOOK_MS = 60_000;
/** So long after its last request a sandbox is unloaded. */
const IDLE_MS = 600_000;

/** From source a thread needs what its process needs to read TypeScript; built, it is a file beside the program. */
const isSource = import.meta.url.endsWith('.ts');
const PROGRAM = fileURLToPath(new URL(isSource ? './sandbox.thread.ts' : './sandbox.thread.mjs', import.meta.url));
const execArgv = isSource ? ['--enable-source-maps', '--import', new URL('../../../tools/typescript.mjs', import.meta.url).href] : [];

interface Held {
  readonly thread: Thread;
  readonly opened: Promise<OpenedSandbox>;
  users: number;
  /** When somebody used it last. */
  usedMs: number;
  /** Set while it is being unloaded. */
  closing?: Promise<void>;
}

/** Sandboxes in threads of their own: one that is busy takes no time from the others, nor from the platform. */
export function sandboxThreads({ folder, clock, log, program = PROGRAM }: SandboxThreadsOptions): SandboxThreads {
  const threads = new Set<Thread>();
  const held = new Map<string, Held>();
  let isClosed = false;
  let timer = clock.timer(LOOK_MS, unloadIdle);

  function unloadIdle(): void {
    for (const [organizationId, entry] of held) if (entry.users === 0 && clock.monotonic() - entry.usedMs >= IDLE_MS) void unload(organizationId, entry);
    timer = clock.timer(LOOK_MS, unloadIdle);
  }

  function unload(organizationId: string, entry: Held): Promise<void> {
    const { thread } = entry;
    return (entry.closing ??= thread
      .ask('close', organizationId)
      .catch((error: unknown) => log.error({ organizationId, err: String(error) }, 'a sandbox was not closed cleanly'))
      .then(async () => {
        if (held.get(organizationId) === entry) held.delete(organizationId);
        if ([...held.values()].some((other) => other.thread === thread)) return;
        threads.delete(thread);
        await thread.end();
      }));
  }

  function leastBusy(): Thread {
    const loads = new Map([...threads].map((thread) => [thread, 0]));
    for (const { thread } of held.values()) loads.set(thread, (loads.get(thread) ?? 0) + 1);
    const [fewest] = [...loads].toSorted(([, a], [, b]) => a - b);
    if (fewest && (fewest[1] === 0 || threads.size >= MOST_THREADS)) return fewest[0];
    const thread = new Thread(program, { folder }, log, () => {
      threads.delete(thread);
      for (const [organizationId, entry] of held) if (entry.thread === thread) held.delete(organizationId);
    });
    threads.add(thread);
    return thread;
  }

  function load(organizationId: string): Held {
    const thread = leastBusy();
    const entry: Held = {
      thread,
      opened: thread.ask('open', organizationId).then((opened) => opened ?? Promise.reject(new Error('no sandbox'))),
      users: 0,
      usedMs: clock.monotonic(),
    };
    held.set(organizationId, entry);
    entry.opened.catch(() => void (held.get(organizationId) === entry && held.delete(organizationId)));
    return entry;
  }

  return {
    async use(organizationId) {
      if (!ORGANIZATION_ID.test(organizationId)) throw new RangeError('that is no id of an organization');
      for (let closing; (closing = held.get(organizationId)?.closing);) await closing;
      if (isClosed) throw new Error('the sandboxes are closed');
      const entry = held.get(organizationId) ?? load(organizationId);
      entry.users += 1;
      const release = (): void => {
        entry.users -= 1;
        entry.usedMs = clock.monotonic();
      };
      try {
        return { sandbox: await entry.opened, release };
      } catch (error) {
        release();
        throw error;
      }
    },
    has: (organizationId) => held.has(organizationId),
    async close() {
      isClosed = true;
      timer.cancel();
      await Promise.all([...held].map(([organizationId, entry]) => unload(organizationId, entry)));
    },
  };
}

/** One worker thread, asked by messages. */
class Thread {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, { resolve(value: OpenedSandbox | undefined): void; reject(error: Error): void }>();
  private asked = 0;
  private isEnding = false;

  /** @param lost called when it ended by itself; all that it held is gone, and what it acknowledged is on disk */
  constructor(program: string, data: ThreadData, log: Logger, lost: () => void) {
    this.worker = new Worker(program, { workerData: data, execArgv, name: 'sandbox' });
    this.worker.on('message', (report: Report) => {
      if ('level' in report) return log[report.level](report.fields, report.message);
      const asker = this.waiting.get(report.number);
      this.waiting.delete(report.number);
      if ('failure' in report) asker?.reject(new Error(report.failure));
      else asker?.resolve(report.value);
    });
    this.worker.on('error', (error) => log.error({ err: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'a thread of sandboxes failed'));
    this.worker.on('exit', (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error('the thread of the sandbox ended'));
      this.waiting.clear();
      if (this.isEnding) return;
      log.error({ code }, 'a thread of sandboxes ended');
      lost();
    });
  }

  ask(verb: Order['verb'], organizationId: string): Promise<OpenedSandbox | undefined> {
    const number = (this.asked += 1);
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      this.worker.postMessage({ number, verb, organizationId } satisfies Order);
    });
  }

  async end(): Promise<void> {
    this.isEnding = true;
    await this.worker.terminate();
  }
}
