import { Text, Tooltip } from '@mantine/core';
import { formatSeconds } from '#kernel';
import { browserClock } from './browser.ts';
import { createStore, useStore } from './store.ts';

/** The time to which all times of the page are relative. */
const now = createStore(browserClock.now());
setInterval(() => now.set(browserClock.now()), 30_000);

const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** Returns a time relative to now, such as `3 minutes ago`. */
function relativeTime(atMs: number, nowMs: number): string {
  const seconds = Math.round((atMs - nowMs) / 1_000);
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  return relative.format(Math.trunc(seconds / length), unit);
}

/** A time relative to now, with the local and the UTC time on hover and focus. */
export function Time({ at, absent = '–' }: { readonly at: string | null | undefined; readonly absent?: string }) {
  const nowMs = useStore(now);
  if (at === null || at === undefined) return <>{absent}</>;
  const atMs = Date.parse(at);
  if (Number.isNaN(atMs)) return <>{at}</>;
  return (
    <Tooltip
      label={`${local.format(atMs)} (${formatSeconds(atMs)})`}
      events={{ hover: true, focus: true, touch: true }}
    >
      <Text component="time" inherit dateTime={at} tabIndex={0} style={{ whiteSpace: 'nowrap' }}>
        {relativeTime(atMs, nowMs)}
      </Text>
    </Tooltip>
  );
}
