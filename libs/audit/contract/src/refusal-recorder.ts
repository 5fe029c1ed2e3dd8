import { principalId, type Principal } from '#access';
import type { Bus, CallerInputOf, Refusal, RefusalRecorder, RequestContext } from '#bus/contract';
import type { Clock, Logger } from '#kernel';
import { recordRefusalsRequest, REFUSALS_A_MINUTE, type RefusalRecord } from './refusals.contract.ts';

const MINUTE_MS = 60_000;
/** Interval at which completed minutes are sent. */
const SEND_INTERVAL_MS = 5_000;
/** Maximum number of pages (organization and minute) in memory, also while audit does not respond. */
const MAX_PAGES = 2_000;

export interface RefusalRecorderOptions {
  /** Bus of a service that the contract lists as a caller. */
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface BufferedRefusals extends RefusalRecorder {
  /** Sends all pages, including that of the current minute. Never rejects. */
  close(): Promise<void>;
}

/** The denied requests of one organization in one minute. */
interface Page {
  readonly organizationId: string | undefined;
  readonly minuteMs: number;
  readonly records: Map<string, RefusalRecord>;
  dropped: number;
  /** Keeps its command ID in retries, so that a page is recorded once. */
  context?: RequestContext;
}

/**
 * Creates a recorder that counts denied requests by principal, operation, code, and minute, and sends each minute to
 * audit when it is over. Requests do not wait for it. Memory is bounded: what exceeds the bound is counted, and the
 * count is recorded or logged. A process that is killed loses the current minute. Callers without a credential of the
 * platform appear only in logs and metrics.
 */
export function createRefusalRecorder(options: RefusalRecorderOptions): BufferedRefusals {
  const { clock } = options;
  const pages = new Map<string, Page>();
  let lost = 0;
  let isClosed = false;
  let sending = Promise.resolve();

  const pageOf = (organizationId: string | undefined, atMs: number): Page | undefined => {
    const minuteMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
    const name = `${minuteMs} ${organizationId ?? ''}`;
    const known = pages.get(name);
    if (known) return known;
    if (pages.size >= MAX_PAGES) return undefined;
    const page: Page = { organizationId, minuteMs, records: new Map(), dropped: 0 };
    pages.set(name, page);
    return page;
  };

  /**
   * Sends pages.
   *
   * @param beforeMs sends the pages of minutes that ended before this time
   */
  const sendPages = async (beforeMs: number): Promise<void> => {
    for (const [name, page] of pages) {
      if (page.minuteMs + MINUTE_MS > beforeMs) continue;
      const isDone = await send(page, options);
      if (!isDone) break; // audit does not respond: keep the remaining pages
      pages.delete(name);
    }
    if (lost > 0) options.logger.warn({ refusals: lost }, 'refusals were not recorded: too many are waiting');
    lost = 0;
  };
  const tick = (): void => {
    sending = sending.then(() => sendPages(clock.now()));
    void sending.then(() => {
      if (!isClosed) timer = clock.timer(SEND_INTERVAL_MS, tick);
    });
  };
  let timer = clock.timer(SEND_INTERVAL_MS, tick);

  return {
    refused(refusal) {
      const record = recordOf(refusal);
      if (!record || isClosed) return;
      const page = pageOf(refusal.organizationId, refusal.atMs);
      if (page) add(page, record);
      else lost += 1;
    },
    async close() {
      isClosed = true;
      timer.cancel();
      await sending;
      await sendPages(Number.POSITIVE_INFINITY);
      const left = [...pages.values()].reduce((sum, page) => sum + countOf(page), 0);
      if (left > 0)
        options.logger.warn({ refusals: left }, 'refusals were not recorded: the audit service did not respond');
    },
  };
}

function add(page: Page, record: RefusalRecord): void {
  const { principal, by, keyId, operation, code } = record;
  const name = JSON.stringify([principal, by, keyId, operation, code]);
  const known = page.records.get(name);
  if (known) page.records.set(name, { ...known, count: known.count + 1 });
  else if (page.records.size < REFUSALS_A_MINUTE) page.records.set(name, record);
  else page.dropped += 1;
}

const countOf = ({ records, dropped }: Page): number =>
  [...records.values()].reduce((sum, { count }) => sum + count, dropped);

/**
 * Returns the record of a denied request; undefined for anonymous callers, and for services, where it is a logged
 * defect.
 */
function recordOf({ principal, subject, permission, code, correlationId }: Refusal): RefusalRecord | undefined {
  const holder = holderOf(principal);
  return holder && { ...holder, operation: subject, permission, code, count: 1, requestId: correlationId };
}

function holderOf(principal: Principal): Pick<RefusalRecord, 'principal' | 'by' | 'keyId'> | undefined {
  switch (principal.kind) {
    case 'login':
      return { principal: principalId(principal), by: 'login' };
    case 'key':
      return { principal: principalId(principal), by: 'key', keyId: principal.keyId };
    case 'anonymous':
    case 'service':
      return undefined;
  }
}

/**
 * Sends a page.
 *
 * @returns false if the page must be sent again
 */
async function send(page: Page, { bus, logger }: RefusalRecorderOptions): Promise<boolean> {
  const { organizationId, minuteMs, records, dropped } = page;
  page.context = bus.own(page.context ? { commandId: page.context.commandId } : {});
  const input: CallerInputOf<typeof recordRefusalsRequest> = {
    ...(organizationId !== undefined && { organizationId }),
    minute: new Date(minuteMs).toISOString(),
    refusals: [...records.values()],
    dropped,
  };
  const response = await bus.request(recordRefusalsRequest, input, page.context);
  if (response.ok) return true;
  if (response.error.kind === 'unavailable') return false;
  logger.error({ code: response.error.code, refusals: countOf(page) }, 'refusals were not recorded');
  return true;
}
