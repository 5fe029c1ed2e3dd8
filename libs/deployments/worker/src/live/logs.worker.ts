import type { InventoryEntry } from '#deployments/contract';
import { pause, type Clock } from '#kernel';
import {
  KubernetesApiError,
  KubernetesUnreachableError,
  type KubernetesClient,
  type KubernetesObject,
} from '#kubernetes';
import { at, list, record } from '../cluster/json.ts';
import { containersOf } from '../cluster/pods.ts';
import { livePods, liveWorkloads } from '../cluster/workloads.worker.ts';
import { isLater, LogBuffer, splitTime, type BufferedLine } from './log-buffer.ts';

/** Pods, containers and lines to read. */
export interface LogRequest {
  readonly inventory: readonly InventoryEntry[];
  readonly follow: boolean;
  readonly sinceSeconds?: number | undefined;
  readonly tail?: number | undefined;
  readonly container?: string | undefined;
  readonly previous: boolean;
}

/** Interval at which a follower looks for new pods. */
const POLL_MS = 2_000;
/**
 * Time without a read after which a follower no longer slows the cluster down: lines are dropped and counted instead.
 */
const HOLD_MS = 1_000;
/** Containers that are read concurrently. */
const MAX_STREAMS = 64;

/**
 * Yields the lines of all pods, in the order of each pod. Memory is limited to one buffer: a reader without `follow`
 * slows the cluster down; a follower that is too slow loses lines, which are counted.
 * @param client called each time pods are listed, so that a replaced credential is used
 */
export async function* logLines(
  client: () => Promise<KubernetesClient>,
  request: LogRequest,
  clock: Clock,
  cancelled: AbortSignal,
): AsyncIterable<BufferedLine> {
  const ended = new AbortController();
  const reading = new Reading(client, request, clock, AbortSignal.any([cancelled, ended.signal]));
  try {
    yield* reading.lines();
  } finally {
    ended.abort();
  }
}

class Reading {
  private readonly buffer = new LogBuffer();
  private readonly streams = new Map<string, Promise<void>>();
  private readonly lastTime = new Map<string, string>();
  private wakeReader = () => {};
  private wakeWriters: (() => void)[] = [];
  private failure: unknown;
  private done = false;
  /** Whether lines are dropped because the reader was too slow, until there is space again. */
  private overflowing = false;

  constructor(
    private readonly client: () => Promise<KubernetesClient>,
    private readonly request: LogRequest,
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => {
      this.wakeReader();
      this.releaseWriters();
    });
  }

  async *lines(): AsyncIterable<BufferedLine> {
    void this.run()
      .catch((error: unknown) => (this.failure ??= error))
      .finally(() => {
        this.done = true;
        this.wakeReader();
      });
    for (;;) {
      const line = this.buffer.shift();
      if (line) {
        this.releaseWriters();
        yield line;
      } else if (this.signal.aborted) return;
      else if (this.done) {
        if (this.failure !== undefined) throw this.failure;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.wakeReader = resolve;
          if (!this.buffer.isEmpty || this.done || this.signal.aborted) resolve();
        });
      }
    }
  }

  private async run(): Promise<void> {
    for (let first = true; ; first = false) {
      try {
        const client = await this.client();
        const pods = await livePods(client, await liveWorkloads(client, this.request.inventory));
        this.start(client, pods, first);
      } catch (error) {
        // While following, errors of an unavailable cluster are retried.
        if (
          first ||
          !this.request.follow ||
          !(error instanceof KubernetesUnreachableError || (error instanceof KubernetesApiError && error.status >= 500))
        )
          throw error;
      }
      if (!this.request.follow) break;
      await pause(this.clock, POLL_MS, this.signal);
      if (this.signal.aborted) return;
    }
    await Promise.all(this.streams.values());
  }

  private start(client: KubernetesClient, pods: readonly KubernetesObject[], first: boolean): void {
    for (const pod of pods) {
      for (const container of containersOf(pod)) {
        if (this.request.container !== undefined && container !== this.request.container) continue;
        const key = `${pod.metadata.uid ?? pod.metadata.name}/${container}`;
        if (
          this.streams.has(key) ||
          this.streams.size >= MAX_STREAMS ||
          !hasLogs(pod, container, this.request.previous)
        )
          continue;
        const stream = this.read(client, pod, container, key, first).finally(() => {
          if (this.request.follow) this.streams.delete(key);
        });
        this.streams.set(key, stream);
        stream.catch((error: unknown) => {
          this.failure ??= this.request.follow ? undefined : error;
        });
      }
    }
  }

  /** Reads one container until its log ends. While following, the next poll resumes after the last line. */
  private async read(
    client: KubernetesClient,
    pod: KubernetesObject,
    container: string,
    key: string,
    first: boolean,
  ): Promise<void> {
    const { name, namespace } = pod.metadata;
    const { follow, previous, sinceSeconds, tail } = this.request;
    const since = this.lastTime.get(key);
    const options = {
      container,
      follow: follow && !previous,
      previous,
      timestamps: true,
      signal: this.signal,
      ...(since === undefined && first && tail !== undefined && { tailLines: tail }),
      ...(since === undefined && first && sinceSeconds !== undefined && { sinceSeconds }),
      ...(since !== undefined && {
        sinceSeconds: Math.max(1, Math.ceil((this.clock.now() - Date.parse(since)) / 1_000) + 5),
      }),
    };
    try {
      for await (const raw of client.logs(namespace ?? '', name, options)) {
        const { time, line } = splitTime(raw);
        if (time !== null && since !== undefined && !isLater(time, since)) continue;
        if (time !== null) this.lastTime.set(key, time);
        await this.put({ pod: name, container, time, line });
        if (this.signal.aborted) return;
      }
    } catch (error) {
      if (this.signal.aborted) return;
      // The pod was deleted or its container has not started, so there are no lines. This is not an error of the
      // caller.
      if (error instanceof KubernetesApiError && (error.status === 404 || error.status === 400)) return;
      if (follow) return;
      throw error;
    }
  }

  private async put(line: BufferedLine): Promise<void> {
    const until = this.clock.monotonic() + HOLD_MS;
    if (this.overflowing && this.buffer.fits(line.line.length)) this.overflowing = false;
    while (!this.overflowing && !this.buffer.fits(line.line.length) && !this.signal.aborted) {
      const left = this.request.follow ? until - this.clock.monotonic() : HOLD_MS;
      if (left <= 0) {
        this.overflowing = true;
        break;
      }
      const held = new AbortController();
      this.wakeWriters.push(() => held.abort());
      await pause(this.clock, left, held.signal);
    }
    this.buffer.push(line);
    this.wakeReader();
  }

  private releaseWriters(): void {
    const waiting = this.wakeWriters;
    this.wakeWriters = [];
    for (const wake of waiting) wake();
  }
}

/** Returns whether there can be logs. For a container that never ran, the server returns an error. */
function hasLogs(pod: KubernetesObject, container: string, previous: boolean): boolean {
  const statuses = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'].flatMap((member) =>
    list(at(pod, 'status', member)).map(record),
  );
  const status = statuses.find(({ name }) => name === container);
  if (!status) return false;
  const before = record(status['lastState'])['terminated'] !== undefined;
  const state = record(status['state']);
  return previous ? before : before || state['running'] !== undefined || state['terminated'] !== undefined;
}
