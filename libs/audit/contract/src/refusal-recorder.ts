import { principalId, type Principal } from '#access';
import type {
  AdminRead,
  AdminReadRecorder,
  Bus,
  CallerInputOf,
  Refusal,
  RefusalRecorder,
  RequestContext,
} from '#bus/contract';
import type { Clock, Logger } from '#kernel';
import {
  READS_A_MINUTE,
  recordRefusalsRequest,
  REFUSALS_A_MINUTE,
  type ReadRecord,
  type RefusalRecord,
} from './refusals.contract.ts';

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

interface BufferedRecorder extends RefusalRecorder, AdminReadRecorder {
  /** Sends all pages, including that of the current minute. Never rejects. */
  close(): Promise<void>;
}

/** What is recorded of one organization and minute: denied requests, and reads of global admins. */
interface Page {
  readonly organizationId: string | undefined;
  readonly minuteMs: number;
  readonly refusals: Map<string, RefusalRecord>;
  readonly adminReads: Map<string, ReadRecord>;
  dropped: number;
  /** Keeps its command ID in retries, so that a page is recorded once. */
  context?: RequestContext;
}

/**
 * Creates a recorder that counts denied requests by principal, operation, code, and minute, and reads of global admins
 * by user, operation, and minute. It sends each minute to audit when it is over. Requests do not wait for it. Memory is
 * bounded: what exceeds the bound is counted, and the count is recorded or logged. A process that is killed loses the
 * current minute. Callers without a credential of the platform appear only in logs and metrics.
 */
export function createRefusalRecorder(options: RefusalRecorderOptions): BufferedRecorder {
  const { clock } = options;
  const pages = new Map<string, Page>();
  let lost = NOTHING;
  let isClosed = false;
  let sending = Promise.resolve();

  const pageOf = (organizationId: string | undefined, atMs: number): Page | undefined => {
    const minuteMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
    const name = `${minuteMs} ${organizationId ?? ''}`;
    const known = pages.get(name);
    if (known) return known;
    if (pages.size >= MAX_PAGES) return undefined;
    const page: Page = { organizationId, minuteMs, refusals: new Map(), adminReads: new Map(), dropped: 0 };
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
    if (lost.refusals + lost.adminReads > 0)
      options.logger.warn(lost, 'refusals or reads of global admins were not recorded: too many are waiting');
    lost = NOTHING;
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
      if (!page) lost = plus(lost, { refusals: 1, adminReads: 0 });
      else if (!add(page.refusals, refusalId(record), record, REFUSALS_A_MINUTE)) page.dropped += 1;
    },
    read(read) {
      if (isClosed) return;
      const page = pageOf(read.organizationId, read.atMs);
      const isAdded =
        page && add(page.adminReads, `${read.userId} ${read.subject}`, readRecordOf(read), READS_A_MINUTE);
      if (!isAdded) lost = plus(lost, { refusals: 0, adminReads: 1 });
    },
    async close() {
      isClosed = true;
      timer.cancel();
      await sending;
      await sendPages(Number.POSITIVE_INFINITY);
      const left = [...pages.values()].map(countOf).reduce(plus, NOTHING);
      if (left.refusals + left.adminReads > 0)
        options.logger.warn(
          left,
          'refusals or reads of global admins were not recorded: the audit service did not respond',
        );
    },
  };
}

/** Counts a record. Returns false if it would be one too many. */
function add<R extends { readonly count: number }>(
  records: Map<string, R>,
  id: string,
  record: R,
  max: number,
): boolean {
  const known = records.get(id);
  if (!known && records.size >= max) return false;
  records.set(id, known ? { ...known, count: known.count + 1 } : record);
  return true;
}

const refusalId = ({ principal, by, keyId, operation, code }: RefusalRecord): string =>
  JSON.stringify([principal, by, keyId, operation, code]);

interface Counts {
  readonly refusals: number;
  readonly adminReads: number;
}
const NOTHING: Counts = { refusals: 0, adminReads: 0 };
const plus = (a: Counts, b: Counts): Counts => ({
  refusals: a.refusals + b.refusals,
  adminReads: a.adminReads + b.adminReads,
});

const totalOf = (records: ReadonlyMap<string, { readonly count: number }>): number =>
  [...records.values()].reduce((sum, { count }) => sum + count, 0);

const countOf = ({ refusals, adminReads, dropped }: Page): Counts => ({
  refusals: totalOf(refusals) + dropped,
  adminReads: totalOf(adminReads),
});

function readRecordOf({ subject, discloses, userId, by, correlationId }: AdminRead): ReadRecord {
  const { permission = '', grantedBy, network, address } = by;
  return {
    userId,
    discloses,
    operation: subject,
    permission,
    ...(grantedBy !== undefined && { grantedBy }),
    ...(network !== undefined && { network }),
    ...(address !== undefined && { address }),
    count: 1,
    requestId: correlationId,
  };
}

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
  const { organizationId, minuteMs, refusals, adminReads, dropped } = page;
  page.context = bus.own(page.context ? { commandId: page.context.commandId } : {});
  const input: CallerInputOf<typeof recordRefusalsRequest> = {
    ...(organizationId !== undefined && { organizationId }),
    minute: new Date(minuteMs).toISOString(),
    refusals: [...refusals.values()],
    dropped,
    ...(adminReads.size > 0 && { adminReads: [...adminReads.values()] }), // a release before this one knows none
  };
  const response = await bus.request(recordRefusalsRequest, input, page.context);
  if (response.ok) return true;
  if (response.error.kind === 'unavailable') return false;
  logger.error({ code: response.error.code, ...countOf(page) }, 'refusals or reads of global admins were not recorded');
  return true;
}
