import { once } from 'node:events';
import {
  auditLogRequest,
  EXPORT_LINES,
  exportAuditLogRequest,
  platformAuditLogRequest,
  type AuditEntry,
} from '#audit/contract';
import {
  ExitCode,
  isCommandError,
  parseSpan,
  usage,
  type Column,
  type CommandError,
  type Options,
  type Outcome,
  type Session,
} from '#cli';
import type { CallerInputOf, OutputOf } from '#bus/contract';
import { parseInstant, sequenceOf, type Position } from '#kernel';
import type { logCommands } from './log-commands.cli.ts';

type ListOptions = Options<typeof logCommands.auditList>;
type FilterOptions = Omit<ListOptions, 'limit' | 'follow' | 'platform'>;
type Item = OutputOf<typeof auditLogRequest>;

/** Maximum number of entries in one request. */
const PAGE = 500;

const COLUMNS: readonly Column<AuditEntry>[] = [
  { title: 'TIME', value: ({ time }) => time },
  { title: 'POSITION', value: ({ position }) => sequenceOf(position as Position) },
  { title: 'WHO', value: ({ who }) => who },
  { title: 'ACTION', value: ({ action, count }) => (count === 1 ? action : `${action} (${count})`) },
  { title: 'OBJECT', value: ({ object }) => object },
  { title: 'RIGHT', value: ({ right }) => right },
  { title: 'RESULT', value: ({ result }) => result },
  { title: 'MESSAGE', value: ({ message }) => message, wide: true },
  { title: 'FROM', value: ({ address, network }) => address ?? network, wide: true },
  { title: 'KEY', value: ({ keyId, credential }) => keyId ?? credential, wide: true },
  { title: 'GRANTED-BY', value: ({ grantedBy }) => grantedBy, wide: true },
  { title: 'REQUEST', value: ({ requestId }) => requestId, wide: true },
];

/** Runs `audit list`. */
export async function auditList(options: ListOptions, session: Session): Promise<Outcome> {
  if (!/^[1-9]\d{0,5}$/.test(options.limit))
    return usage('--limit is not a number of entries.', 'write it as --limit 100');
  const filters = filtersOf(options, session);
  if (isCommandError(filters)) return filters;
  const pages = await pagesOf(options, filters, session);
  if (isCommandError(pages)) return pages;
  if (options.follow) {
    const row = session.print.rows(COLUMNS);
    for await (const item of pages({ follow: true })) if ('position' in item) row(item);
    return ExitCode.Success;
  }
  const limit = Number(options.limit);
  const entries: AuditEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = { limit: Math.min(PAGE, limit - entries.length), ...(cursor !== undefined && { cursor }) };
    cursor = undefined;
    for await (const item of pages(page)) {
      if ('position' in item) entries.push(item);
      else cursor = item.next;
    }
  } while (cursor !== undefined && entries.length < limit);
  await session.print.list(entries, {
    columns: COLUMNS,
    name: nameOf,
    empty: 'No entries.',
  });
  if (cursor !== undefined)
    session.print.note(`There are older entries: use --limit ${limit * 10}, or --until ${entries.at(-1)?.time ?? ''}`);
  return ExitCode.Success;
}

/** Runs `org audit`. */
export const orgAudit = (options: ListOptions, session: Session): Promise<Outcome> => auditList(options, session);

/**
 * Prints all entries as CSV, for `audit export --format csv`.
 *
 * @param options.type types of events, at most one
 */
export async function exportEntries(
  {
    type,
    actor,
    since,
    until,
  }: Readonly<{ type: readonly string[]; actor: string | undefined }> & Pick<FilterOptions, 'since' | 'until'>,
  session: Session,
): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const [action, ...others] = type.map((name) => name.replace(/\.v\d+$/, ''));
  if (others.length > 0) return usage('CSV can be limited to one type.', 'use --type once');
  const none = { object: undefined, result: undefined, right: undefined };
  const filters = filtersOf({ who: actor, action, since, until, ...none }, session);
  if (isCommandError(filters)) return filters;
  const { print } = session;
  const entries = session.stream(exportAuditLogRequest, { org, ...filters, format: 'csv' });
  if (print.format !== 'table' && print.format !== 'wide') {
    for await (const entry of entries) await print.done(entry, { text: undefined, name: nameOf(entry) });
    return ExitCode.Success;
  }
  const { head, line } = EXPORT_LINES.csv;
  const { stdout, interrupted } = session.io;
  stdout.write(head);
  for await (const entry of entries)
    if (!stdout.write(line(entry))) await once(stdout, 'drain', { signal: interrupted });
  return ExitCode.Success;
}

const nameOf = ({ position }: AuditEntry): string => `audit/${position}`;

interface Page {
  readonly follow?: boolean;
  readonly limit?: number;
  readonly cursor?: string;
}

/** Returns a function that reads a page of the organization's log, or of the platform's. */
async function pagesOf(
  { platform }: ListOptions,
  filters: Filters,
  session: Session,
): Promise<((page: Page) => AsyncIterable<Item>) | CommandError> {
  if (platform) return (page) => session.stream(platformAuditLogRequest, { ...filters, ...page });
  const org = await session.organization();
  return isCommandError(org) ? org : (page) => session.stream(auditLogRequest, { org, ...filters, ...page });
}

type Filters = Pick<
  CallerInputOf<typeof platformAuditLogRequest>,
  'who' | 'action' | 'object' | 'result' | 'right' | 'since' | 'until'
>;

function filtersOf(
  { who, action, object, result, right, since, until }: FilterOptions,
  { io }: Session,
): Filters | CommandError {
  const nowMs = io.clock.now();
  const [sinceMs, untilMs] = [timeOf(since, nowMs), timeOf(until, nowMs)];
  if (since !== undefined && sinceMs === undefined) return notATime('--since');
  if (until !== undefined && untilMs === undefined) return notATime('--until');
  return {
    ...(who !== undefined && { who }),
    ...(action !== undefined && { action }),
    ...(object !== undefined && { object }),
    ...(result !== undefined && { result }),
    ...(right !== undefined && { right }),
    ...(sinceMs !== undefined && { since: new Date(sinceMs).toISOString() }),
    ...(untilMs !== undefined && { until: new Date(untilMs).toISOString() }),
  };
}

/** Parses a time, a date, or how long ago (`24h`, `-24h`). */
function timeOf(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const agoMs = /[a-z]$/.test(text) ? parseSpan(text.replace(/^-/, '')) : undefined;
  return agoMs === undefined ? parseInstant(text) : nowMs - agoMs;
}

const notATime = (flag: string): CommandError =>
  usage(`${flag} is not a time.`, 'write it as 24h, 7d, 2026-11-24, or 2026-11-24T12:00:00Z');
