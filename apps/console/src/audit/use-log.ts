import { auditLogRequest, type AuditEntry } from '#audit/contract';
import { useEffect, useState } from 'react';
import { ProblemError, receive } from '../shared/platform.ts';
import { usePagesBy, type ListPage, type PagedResult } from '../shared/queries.ts';
import type { LogQuery } from './log-filters.ts';

type LogInput = LogQuery & { readonly org: string; readonly limit: number };

/** Reads one page of the log. */
export async function logPage(
  input: LogInput & { readonly cursor?: string },
  signal: AbortSignal,
): Promise<ListPage<AuditEntry>> {
  const items: AuditEntry[] = [];
  let next: string | undefined;
  for await (const item of receive(auditLogRequest, input, signal)) {
    if ('position' in item) items.push(item);
    else ({ next } = item);
  }
  return { items, ...(next !== undefined && { next }) };
}

/** Reads the log page by page, newest first. */
export const useLog = (input: LogInput): PagedResult<AuditEntry> =>
  usePagesBy([input.org, 'audit-log-pages', input], (cursor, signal) =>
    logPage({ ...input, ...(cursor !== undefined && { cursor }) }, signal),
  );

/** Milliseconds until a lost connection is opened again. */
const RECONNECT_MS = 2_000;

/**
 * Follows the log, and returns the entries that have arrived, oldest first.
 *
 * @param input undefined: nothing is followed
 * @param after position after which to begin; undefined: now
 */
export function useTail(
  input: (LogQuery & { readonly org: string }) | undefined,
  after: string | undefined,
): { readonly entries: readonly AuditEntry[]; readonly error: ProblemError | null } {
  const [entries, setEntries] = useState<readonly AuditEntry[]>([]);
  const [error, setError] = useState<ProblemError | null>(null);
  const key = JSON.stringify(input);
  useEffect(() => {
    setEntries([]);
    setError(null);
    if (!input) return;
    const left = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let position = after;
    const follow = async (): Promise<void> => {
      try {
        const from = { ...input, follow: true, ...(position !== undefined && { after: position }) };
        for await (const item of receive(auditLogRequest, from, left.signal)) {
          if (!('position' in item)) continue;
          ({ position } = item);
          setEntries((before) => [...before, item]);
        }
      } catch (thrown) {
        if (!(thrown instanceof ProblemError) || thrown.problem.kind !== 'unavailable')
          return setError(thrown instanceof ProblemError ? thrown : null);
      }
      if (!left.signal.aborted) timer = setTimeout(() => void follow(), RECONNECT_MS);
    };
    void follow();
    return () => {
      left.abort();
      clearTimeout(timer);
    };
    // `input` is a new object at each rendering; `after` is where the first page ended, and later ones do not matter.
  }, [key, after === undefined]);
  return { entries, error };
}
