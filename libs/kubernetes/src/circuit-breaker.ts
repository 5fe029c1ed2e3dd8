import type { Clock } from '#kernel';
import { KubernetesApiError, KubernetesUnreachableError } from './client.ts';
import { TransportError } from './transport.ts';

/** Consecutive calls that fail in the same way after which further calls fail without being made. */
const MAX_FAILURES = 5;
/**
 * Milliseconds until one call is made again. Short, so that a rollout whose delay ends soon after the cluster is
 * available again does not have to wait for its next one.
 */
const OPEN_MS = 2_000;

/** `open`: the server does not respond. `unauthorized`: the server rejects the credential. */
export type BreakerState = 'closed' | 'open' | 'unauthorized';

/**
 * Fails calls to a server that does not respond, or that rejects the credential, without making them. Every two seconds,
 * one call is made; if the server responds to it, all are made again. Use one for each server and credential.
 */
export class CircuitBreaker {
  private failures = 0;
  private failing: BreakerState = 'closed';
  private opened: { readonly refuse: () => Error; readonly retryAt: number; readonly state: BreakerState } | undefined;
  private probing = false;

  constructor(private readonly clock: Clock) {}

  get state(): BreakerState {
    return this.opened?.state ?? 'closed';
  }

  /** @throws what `call` throws, or the last error of the server if it is not called */
  async run<T>(call: () => Promise<T>): Promise<T> {
    const { opened } = this;
    if (opened && (this.probing || this.clock.monotonic() < opened.retryAt)) throw opened.refuse();
    this.probing = opened !== undefined;
    try {
      const result = await call();
      this.close();
      return result;
    } catch (error) {
      this.record(error);
      throw error;
    } finally {
      if (opened) this.probing = false;
    }
  }

  private record(error: unknown): void {
    if (error instanceof KubernetesApiError && error.status === 401) {
      const { status, reason, message } = error;
      this.fail('unauthorized', () => new KubernetesApiError({ status, reason, message }));
    } else if (error instanceof KubernetesApiError && GATEWAY.has(error.status)) {
      const { status, reason, message } = error;
      this.fail('open', () => new KubernetesApiError({ status, reason, message }));
    } else if (error instanceof KubernetesApiError) {
      this.close(); // the server is there
    } else if (error instanceof TransportError && SILENT.has(error.why)) {
      const { why, message } = error;
      this.fail('open', () => new KubernetesUnreachableError(why, message, false));
    }
  }

  /** Makes calls again after the server rejected the credential. The next one that it rejects ends that. */
  retry(): void {
    if (this.opened?.state === 'unauthorized') this.opened = undefined;
  }

  private fail(state: 'open' | 'unauthorized', refuse: () => Error): void {
    if (this.failing !== state) this.close();
    this.failing = state;
    this.failures += 1;
    if (this.failures >= MAX_FAILURES) this.opened = { state, refuse, retryAt: this.clock.monotonic() + OPEN_MS };
  }

  private close(): void {
    this.failures = 0;
    this.opened = undefined;
  }
}

/** Statuses of a server, or of a proxy before it, that cannot process any request. */
const GATEWAY: ReadonlySet<number> = new Set([502, 503, 504]);
const SILENT: ReadonlySet<string> = new Set(['timeout', 'name', 'refused', 'certificate', 'connection']);
