import { useQuery } from '@tanstack/react-query';
import { auditLogRequest, type AuditEntry } from '#audit/contract';
import { receive } from '../shared/platform.ts';
import type { Step } from '../shared/time-travel-bar.tsx';
import { logPage } from './use-log.ts';

interface Steps {
  readonly previous: Step | undefined;
  readonly current: Step | undefined;
  readonly next: Step | undefined;
}

/** Entries that are read to find one with another time. */
const LOOK_BACK = 20;

/**
 * Returns the changes around a time: the last one up to it, the one before, and the one after.
 *
 * @param time RFC 3339; undefined: not known yet
 */
export function useSteps(org: string, time: string | undefined): Steps {
  const steps = useQuery<Steps>({
    queryKey: [org, 'audit-steps', time],
    enabled: time !== undefined,
    queryFn: async ({ signal }) => {
      const done = { org, result: 'done' } as const;
      const until = time ?? '';
      const [newest] = (await logPage({ ...done, limit: 1 }, signal)).items;
      const { items: entries } = await logPage({ ...done, until, limit: LOOK_BACK }, signal);
      const [current] = entries;
      const previous = entries.find((entry) => entry.time < (current?.time ?? ''));
      const hasNext = current !== undefined && newest !== undefined && newest.time > until;
      const next = hasNext ? await firstAfter(org, current, until, signal) : undefined;
      return { current: stepOf(current), previous: stepOf(previous), next: stepOf(next) };
    },
    retry: false,
  });
  return steps.data ?? { previous: undefined, current: undefined, next: undefined };
}

/** Returns the first change after a time. There is one. */
async function firstAfter(
  org: string,
  { position }: AuditEntry,
  time: string,
  signal: AbortSignal,
): Promise<AuditEntry | undefined> {
  const since = new Date(Date.parse(time) + 1).toISOString();
  const input = { org, result: 'done', follow: true, after: position, since } as const;
  for await (const item of receive(auditLogRequest, input, signal)) if ('position' in item) return item;
  return undefined;
}

const stepOf = (entry: AuditEntry | undefined): Step | undefined =>
  entry && {
    time: entry.time,
    text: `${entry.action}${entry.object === null ? '' : ` ${entry.object}`} by ${entry.who}`,
  };
