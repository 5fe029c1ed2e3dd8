import { ActionIcon, Button, Group, Paper, Slider, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import { ChevronLeftIcon, ChevronRightIcon, HistoryIcon } from '@primer/octicons-react';
import { formatSeconds } from '#kernel';
import { useState, type FormEvent, type ReactNode } from 'react';
import { localFieldValue, timeOfLocalField } from './local-time.ts';
import classes from './time-travel-bar.module.css';
import { Time } from './time.tsx';

/** A change to which the bar can step. */
export interface Step {
  /** RFC 3339. */
  readonly time: string;
  /** What happened, in a few words. */
  readonly text: string;
}

interface Props {
  /** Beginning of what can be shown, and now: milliseconds since 1970. */
  readonly startMs: number;
  readonly nowMs: number;
  /** The time that is shown, milliseconds since 1970; undefined: now. */
  readonly atMs: number | undefined;
  /** The changes before and after that time, and the last one up to it; undefined: none, or not known yet. */
  readonly previous: Step | undefined;
  readonly current: Step | undefined;
  readonly next: Step | undefined;
  /** RFC 3339; undefined: now. */
  readonly onAt: (at: string | undefined) => void;
}

/** Chooses a time in the past: by date and time, on a line over the whole life, and from change to change. */
export function TimeTravelBar({ startMs, nowMs, atMs, previous, current, next, onAt }: Props) {
  const shownMs = atMs ?? nowMs;
  const go = (timeMs: number): void => onAt(timeMs >= nowMs ? undefined : new Date(timeMs).toISOString());
  return (
    <Paper withBorder p="md" component="section" aria-label="Time travel">
      <Stack gap="sm">
        <Group gap="sm" align="flex-end">
          <DateAndTime key={shownMs} timeMs={shownMs} onTime={go} />
          <Group gap={4} wrap="nowrap">
            <StepButton label="Previous change" step={previous} onStep={onAt} icon={<ChevronLeftIcon />} />
            <StepButton label="Next change" step={next} onStep={onAt} icon={<ChevronRightIcon />} />
          </Group>
          <Button variant="default" onClick={() => onAt(undefined)} disabled={atMs === undefined}>
            Now
          </Button>
        </Group>
        <Position key={`${startMs} ${shownMs}`} startMs={startMs} nowMs={nowMs} timeMs={shownMs} onTime={go} />
        <Group justify="space-between" gap="xs">
          <Text size="xs" c="dimmed" component="div">
            Created <Time at={new Date(startMs).toISOString()} />
          </Text>
          {current && (
            <Text size="xs" c="dimmed" component="div" style={{ overflowWrap: 'anywhere', minWidth: 0 }}>
              Last change up to then: {current.text}, <Time at={current.time} />
            </Text>
          )}
          <Text size="xs" c="dimmed">
            Now
          </Text>
        </Group>
      </Stack>
    </Paper>
  );
}

function DateAndTime({ timeMs, onTime }: { readonly timeMs: number; readonly onTime: (timeMs: number) => void }) {
  const [value, setValue] = useState(localFieldValue(timeMs));
  const typed = timeOfLocalField(value);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed !== undefined) onTime(typed);
  };
  return (
    <form onSubmit={submit}>
      <Group gap="xs" align="flex-end">
        <TextInput
          type="datetime-local"
          step={1}
          label="Date and time"
          description="In your time zone"
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={typed === undefined}>
          Go to time
        </Button>
      </Group>
    </form>
  );
}

/** Steps of the line. */
const STEPS = 1_000;

function Position({
  startMs,
  nowMs,
  timeMs,
  onTime,
}: Pick<Props, 'startMs' | 'nowMs'> & { readonly timeMs: number; readonly onTime: (timeMs: number) => void }) {
  const lengthMs = Math.max(1, nowMs - startMs);
  const [step, setStep] = useState(Math.round(((timeMs - startMs) / lengthMs) * STEPS));
  const timeOf = (value: number): number => startMs + (value / STEPS) * lengthMs;
  return (
    <Slider
      min={0}
      max={STEPS}
      value={Math.min(STEPS, Math.max(0, step))}
      onChange={setStep}
      onChangeEnd={(value) => onTime(timeOf(value))}
      label={(value) => formatSeconds(timeOf(value))}
      thumbLabel="Time"
      thumbProps={{ 'aria-valuetext': formatSeconds(timeOf(step)) }}
      color="indigo"
    />
  );
}

function StepButton({
  label,
  step,
  onStep,
  icon,
}: {
  readonly label: string;
  readonly step: Step | undefined;
  readonly onStep: (time: string) => void;
  readonly icon: ReactNode;
}) {
  return (
    <Tooltip label={step ? `${label}: ${step.text}` : `${label}: none`}>
      <ActionIcon
        variant="default"
        size={36}
        aria-label={label}
        aria-disabled={!step}
        data-disabled={!step}
        onClick={() => step && onStep(step.time)}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

/** Says, above everything that is shown of a former time, that it is the past. */
export function PastBanner({ time, onNow }: { readonly time: string; readonly onNow: () => void }) {
  return (
    <Paper className={classes['banner']} role="status" p="xs">
      <Group justify="space-between" gap="xs">
        <Group gap="xs" wrap="nowrap" style={{ minWidth: 0 }}>
          <HistoryIcon />
          <Text fw={600}>
            You see the past, as of {formatSeconds(Date.parse(time)).replace('T', ' ').replace('Z', ' UTC')}. Nothing
            can be changed here.
          </Text>
        </Group>
        <Button size="xs" variant="default" onClick={onNow}>
          Return to now
        </Button>
      </Group>
    </Paper>
  );
}
