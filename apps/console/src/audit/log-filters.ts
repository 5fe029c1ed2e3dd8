import { parseLogTime, type AuditEntry } from '#audit/contract';
import { commandLine } from '../shared/command-line.ts';

/** Filters of the audit log, as the address has them. */
export interface LogFilters {
  readonly who?: string | undefined;
  readonly action?: string | undefined;
  readonly object?: string | undefined;
  readonly result?: string | undefined;
  readonly right?: string | undefined;
  /** Times as `parseLogTime` reads them. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** ID of a request. It is compared in the browser: the log has no index of it. */
  readonly request?: string | undefined;
}

export const FILTER_NAMES = ['who', 'action', 'object', 'result', 'right', 'since', 'until', 'request'] as const;

/** Input of a request for the audit log. */
export interface LogQuery {
  readonly who?: string;
  readonly action?: string;
  readonly object?: string;
  readonly result?: 'done' | 'refused';
  readonly right?: string;
  readonly since?: string;
  readonly until?: string;
}

/**
 * Returns the request for what the address says. Times that are not valid are left out.
 *
 * @param nowMs milliseconds since 1970, for spans such as `-24h`
 */
export function logQuery({ who, action, object, result, right, since, until }: LogFilters, nowMs: number): LogQuery {
  const from = timeOf(since, nowMs);
  const to = timeOf(until, nowMs);
  return {
    ...(who && { who }),
    ...(action && { action }),
    ...(object && { object }),
    ...((result === 'done' || result === 'refused') && { result }),
    ...(right && { right }),
    ...(from !== undefined && { since: from }),
    ...(to !== undefined && { until: to }),
  };
}

function timeOf(text: string | undefined, nowMs: number): string | undefined {
  const time = text === undefined ? undefined : parseLogTime(text, nowMs);
  return time && 'timeMs' in time ? new Date(time.timeMs).toISOString() : undefined;
}

/** Returns the command that lists the same entries. */
export function logCommand(query: LogQuery): string {
  return commandLine('audit', 'list', ...Object.entries(query).flatMap(([name, value]) => [`--${name}`, value]));
}

/** Milliseconds before and after an entry in which the others of its request are looked for. */
const REQUEST_MS = 10 * 60_000;

/** Returns the filters that show all entries of an entry's request. */
export function sameRequest({ requestId, time }: Pick<AuditEntry, 'requestId' | 'time'>): LogFilters {
  const atMs = Date.parse(time);
  return {
    request: requestId,
    since: new Date(atMs - REQUEST_MS).toISOString(),
    until: new Date(atMs + REQUEST_MS).toISOString(),
  };
}

/** Returns entries newest first, each once: those that arrived since the list was read, and the list. */
export function merged(arrived: readonly AuditEntry[], listed: readonly AuditEntry[]): readonly AuditEntry[] {
  const known = new Set(listed.map(({ eventId }) => eventId));
  const fresh = new Map(arrived.filter(({ eventId }) => !known.has(eventId)).map((entry) => [entry.eventId, entry]));
  return [...[...fresh.values()].reverse(), ...listed];
}
