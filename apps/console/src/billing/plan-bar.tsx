import { Group, Progress, Stack, Text } from '@mantine/core';
import { limitText, shareOf, type Use } from './limits.ts';

/** Percent from which the bar warns. */
const NEARLY = 80;

/** How much of a limit is used, with what counts. */
export function PlanBar({
  title,
  counts,
  unit,
  use,
}: {
  readonly title: string;
  readonly counts: string;
  readonly unit?: string | undefined;
  readonly use: Use;
}) {
  const share = shareOf(use);
  const colour = share === undefined || share < NEARLY ? 'quiet' : share < 100 ? 'missing' : 'bad';
  const text =
    use.used === null
      ? limitText(use.limit, unit)
      : `${use.used.toLocaleString('en')} of ${limitText(use.limit, unit)}`;
  return (
    <Stack gap={4}>
      <Group justify="space-between" gap="xs">
        <Text fw={600}>{title}</Text>
        <Text style={{ fontVariantNumeric: 'tabular-nums' }}>
          {text}
          {share === 100 && ', used up'}
        </Text>
      </Group>
      {share !== undefined && (
        <Progress value={share} aria-label={`${title}: ${text}`} color={`var(--astro-${colour})`} size="sm" />
      )}
      <Text size="xs" c="dimmed">
        {counts}
      </Text>
    </Stack>
  );
}
