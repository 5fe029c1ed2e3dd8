import type { IncomingMessage } from 'node:http';
import type { Clock, Ids, Logger } from '#kernel';
import { MAX_RESPONSE_BYTES } from './response-limits.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { KubernetesUnreachableError, type ClientCallOptions } from './client.ts';
import { tokenBucket, withRetries, type RetryRules } from './pacing.ts';
import { apiError } from './status.ts';
import {
  createTransport,
  type Outgoing,
  type ServerResponse,
  type Transport,
  type TransportOptions,
} from './transport.ts';

export interface ApiCallsOptions extends TransportOptions {
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Average calls per second; 20 by default. */
  readonly ratePerSecond?: number;
  /** Calls that may start at the same time after a pause; twice the rate by default. */
  readonly burst?: number;
  /** Fails calls without making them while the server does not respond. By default, all calls are made. */
  readonly breaker?: Pick<CircuitBreaker, 'run'>;
  /** Deadline of a call in milliseconds; 30,000 by default. */
  readonly deadlineMs?: number;
}

export interface ApiCall extends Omit<Outgoing, 'deadlineMs' | 'signal' | 'maxBytes'> {
  readonly idempotent: boolean;
  readonly accept304?: boolean;
}

/** Calls of one API server, with rate limit, deadline, and retries where a repetition is safe. */
export class ApiCalls {
  readonly defaultDeadlineMs: number;
  private readonly transport: Transport;
  private readonly bucket: ReturnType<typeof tokenBucket>;

  /** @throws KubernetesUnreachableError `egress` if the server's address is invalid */
  constructor(private readonly options: ApiCallsOptions) {
    const { clock, ratePerSecond = 20, burst = ratePerSecond * 2, deadlineMs = 30_000 } = options;
    this.transport = createTransport(options);
    this.bucket = tokenBucket(clock, ratePerSecond, burst);
    this.defaultDeadlineMs = deadlineMs;
  }

  close(): void {
    this.transport.close();
  }

  /** Makes one call with rate limit and retries. Rejects if the status is 400 or above. */
  async call(
    request: ApiCall,
    { signal, deadlineMs, maxBytes = MAX_RESPONSE_BYTES.object }: ClientCallOptions,
  ): Promise<ServerResponse> {
    const { clock, ids, log } = this.options;
    const rules = {
      clock,
      ids,
      deadlineAt: clock.monotonic() + (deadlineMs ?? this.defaultDeadlineMs),
      idempotent: request.idempotent,
      ...(signal && { signal }),
    };
    return this.guarded(rules, async () => {
      await this.bucket.take(signal);
      const remainingMs = rules.deadlineAt - clock.monotonic();
      if (remainingMs <= 0)
        throw new KubernetesUnreachableError('timeout', 'The deadline passed before the call was made.', false);
      const response = await this.transport.exchange({
        ...request,
        maxBytes,
        deadlineMs: remainingMs,
        ...(signal && { signal }),
      });
      if (response.status >= 200 && response.status < 300) return response;
      if (response.status === 304 && request.accept304) return response;
      const error = apiError(response);
      log.debug(
        { method: request.method, status: error.status, reason: error.reason },
        'the API server refused a call',
      );
      throw error;
    });
  }

  /** Resolves with the response when its headers have arrived. The caller must read or destroy it. */
  async stream(path: string, { signal, deadlineMs }: ClientCallOptions): Promise<IncomingMessage> {
    const { clock, ids } = this.options;
    const deadlineAt = clock.monotonic() + (deadlineMs ?? this.defaultDeadlineMs);
    return this.guarded(
      { clock, ids, deadlineAt, idempotent: true, ...(signal && { signal }) },
      async (remainingMs) => {
        await this.bucket.take(signal);
        const response = await this.transport.open({
          method: 'GET',
          path,
          maxBytes: MAX_RESPONSE_BYTES.small,
          deadlineMs: remainingMs,
          ...(signal && { signal }),
        });
        if (response.statusCode === 200 || response.statusCode === 204) return response;
        throw apiError({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: await this.beginningOf(response, remainingMs),
        });
      },
    );
  }

  private guarded<T>(rules: RetryRules, attempt: (remainingMs: number) => Promise<T>): Promise<T> {
    const call = () => withRetries(rules, attempt);
    return this.options.breaker ? this.options.breaker.run(call) : call();
  }

  /** Reads the body of an error response within the deadline, up to a limit. */
  private async beginningOf(response: IncomingMessage, deadlineMs: number): Promise<string> {
    const late = this.options.clock.timer(deadlineMs, () => response.destroy());
    let body = '';
    try {
      for await (const chunk of response) {
        body += String(chunk);
        if (body.length > MAX_RESPONSE_BYTES.small) break;
      }
    } catch {
      // The connection was lost: use the part that was received.
    } finally {
      late.cancel();
    }
    return body;
  }
}
