import { CALLERS_REPORTED, exchangeRequestCountsRequest } from '#billing/contract';
import type { Bus } from '#bus';
import type { CallerInputOf, OutputOf } from '#bus/contract';
import { pause, type Clock, type Ids, type Logger } from '#kernel';

type Exchange = typeof exchangeRequestCountsRequest;

/** Counts that a gateway reports, and what it learns from the others. */
interface ExchangedCounts {
  report(callers: number): readonly CallerInputOf<Exchange>['counts'][number][];
  share(answer: OutputOf<Exchange>): void;
}

/** Milliseconds between two exchanges, and those of a gateway that is alone. */
const EVERY_MS = 500;
const ALONE_MS = 5_000;

export interface RequestCountExchangeOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly counts: ExchangedCounts;
  /** Ends the exchange. */
  readonly signal: AbortSignal;
}

/**
 * Exchanges the counts of requests with other gateways until the signal aborts. No request waits for it. While billing
 * does not respond, the gateway counts by itself, which is logged once.
 */
export async function exchangeRequestCounts(options: RequestCountExchangeOptions): Promise<void> {
  const { bus, clock, ids, logger, counts, signal } = options;
  const gateway = ids.uuid();
  let isAlone = false;
  let isLost = false;
  while (!signal.aborted) {
    const input = { gateway, counts: [...counts.report(CALLERS_REPORTED)] };
    const { timeoutMs } = exchangeRequestCountsRequest;
    const response = await bus
      .request(exchangeRequestCountsRequest, input, bus.own({ timeoutMs }))
      .catch(
        (error: unknown) => ({ ok: false, error: { code: error instanceof Error ? error.name : 'unknown' } }) as const,
      );
    if (signal.aborted) return;
    if (response.ok) counts.share(response.value);
    isAlone = response.ok && response.value.gateways === 1;
    if (isLost === response.ok) {
      isLost = !response.ok;
      if (response.ok) logger.info({}, 'requests are counted together with the other gateways again');
      else logger.warn({ code: response.error.code }, 'requests are counted by each gateway alone for now');
    }
    await pause(clock, isAlone ? ALONE_MS : EVERY_MS, signal);
  }
}
