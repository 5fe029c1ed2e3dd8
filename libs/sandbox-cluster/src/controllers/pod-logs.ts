import type { LogLine, PodLogs } from '../controller.ts';
import type { KubeObject } from '../store.ts';
import { at, objectsAt, textAt, timeOf } from './fields.ts';
import { imageRule } from './image-rules.ts';
import { probeTimes } from './probes.ts';

const BEAT_MS = 10_000;
const AT_MOST = 10_000;
const SAYS = 'simulated:';

interface Run {
  readonly startedMs: number;
  /** Missing while the container runs. */
  readonly finishedMs?: number;
  readonly exitCode?: number;
}

/**
 * Generates the log lines of a container. Each line says that it is simulated, and the same pod always has the same
 * lines.
 */
export const simulatedLogs: PodLogs = {
  lines(pod, container, { previous, nowMs }) {
    const run = runOf(pod, container, previous);
    return run ? linesOf(pod, container, run, nowMs) : [];
  },
  nextInMs(pod, container, nowMs) {
    const run = runOf(pod, container, false);
    if (!run) return undefined;
    if (run.finishedMs !== undefined) return undefined;
    return BEAT_MS - ((nowMs - run.startedMs) % BEAT_MS);
  },
};

function statusOf(pod: KubeObject, container: string) {
  return [...objectsAt(pod, 'status', 'containerStatuses'), ...objectsAt(pod, 'status', 'initContainerStatuses')].find(
    ({ name }) => name === container,
  );
}

/** Returns the current or last run; with `previous` the one before the last restart. */
function runOf(pod: KubeObject, container: string, previous: boolean): Run | undefined {
  const status = statusOf(pod, container);
  const started = textAt(status, 'state', 'running', 'startedAt');
  if (!previous && started !== undefined) return { startedMs: timeOf(started) };
  const ended =
    !previous && at(status, 'state', 'terminated') !== undefined
      ? at(status, 'state', 'terminated')
      : at(status, 'lastState', 'terminated');
  const from = textAt(ended, 'startedAt');
  const code = at(ended, 'exitCode');
  return from === undefined
    ? undefined
    : {
        startedMs: timeOf(from),
        finishedMs: timeOf(textAt(ended, 'finishedAt')),
        exitCode: typeof code === 'number' ? code : 0,
      };
}

function linesOf(pod: KubeObject, container: string, run: Run, nowMs: number): readonly LogLine[] {
  const spec =
    [...objectsAt(pod, 'spec', 'containers'), ...objectsAt(pod, 'spec', 'initContainers')].find(
      ({ name }) => name === container,
    ) ?? {};
  const image = textAt(spec, 'image') ?? '';
  const rule = imageRule(image);
  const endMs = Math.min(run.finishedMs ?? nowMs, nowMs);
  const first: LogLine[] = [
    { atMs: run.startedMs, text: `${SAYS} ${image} would start here; no container runs in the sandbox` },
    ...objectsAt(spec, 'ports').map((port) => ({
      atMs: run.startedMs,
      text: `${SAYS} would listen on port ${String(port['containerPort'])}`,
    })),
  ];
  const { readyMs } = probeTimes(spec, rule.answersAfterMs);
  if (readyMs !== undefined && run.startedMs + readyMs <= endMs && !rule.ends)
    first.push({ atMs: run.startedMs + readyMs, text: `${SAYS} would answer requests from now on` });
  const last: LogLine[] =
    run.exitCode === undefined || run.finishedMs === undefined
      ? []
      : [{ atMs: run.finishedMs, text: `${SAYS} ${ending(run.exitCode)}` }];
  const beats = Math.floor((endMs - run.startedMs) / BEAT_MS);
  const from = Math.max(1, beats - AT_MOST + first.length + last.length + 1);
  const alive = Array.from({ length: Math.max(0, beats - from + 1) }, (_, offset) => ({
    atMs: run.startedMs + (from + offset) * BEAT_MS,
    text: `${SAYS} still running after ${((from + offset) * BEAT_MS) / 1000} s`,
  }));
  return [...first, ...alive, ...last]
    .filter(({ atMs }) => atMs <= nowMs)
    .sort((left, right) => left.atMs - right.atMs);
}

const ending = (code: number): string =>
  code === 0
    ? 'the program would end with exit code 0'
    : code === 137
      ? 'the program would be killed (exit code 137)'
      : `the program would fail with exit code ${code}`;
