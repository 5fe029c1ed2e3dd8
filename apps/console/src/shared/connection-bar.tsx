import { Text } from '@mantine/core';
import { formatSeconds } from '#kernel';
import { connection } from './live.ts';
import { useStore } from './store.ts';

/** Says that what is shown may be old, while the live connection is interrupted. */
export function ConnectionBar() {
  const { isStale, asOfMs } = useStore(connection);
  if (!isStale) return null;
  return (
    <Text role="status" size="xs" c="var(--astro-missing)" mb="sm">
      Reconnecting; data as of {formatSeconds(asOfMs).slice(11, 19)} UTC
    </Text>
  );
}
