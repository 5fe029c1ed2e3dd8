import { backOffMs, type JsonObject } from '#kernel';
import type { EventText } from '../controller.ts';
import { at, defined, numberAt, objectAt, textAt, timeOf } from './fields.ts';
import { fnv32 } from './hash.ts';
import { imageRule, parseImage } from './image-rules.ts';
import { probeTimes } from './probes.ts';

/** State that a container's step depends on, in addition to its own status. */
export interface ContainerContext {
  readonly nowMs: number;
  readonly now: string;
  /** Time when the pod was assigned to its node, in milliseconds since 1970. */
  readonly startMs: number;
  /** Name of the pod as used by kubelets: `web-x_default(uid)`. */
  readonly pod: string;
  readonly restartPolicy: 'Always' | 'OnFailure' | 'Never';
  /**
   * Whether the container runs to completion, as in Jobs and init containers: it then runs for one second and exits
   * with 0.
   */
  readonly task: boolean;
  /** Whether it waits for init containers. */
  readonly held: boolean;
  /** Reason why the container cannot be configured, such as a missing ConfigMap or a user that is not allowed. */
  readonly problem: string | undefined;
  readonly event: (event: Omit<EventText, 'component'>) => void;
}

export interface ContainerStep {
  readonly status: JsonObject;
  /** Milliseconds since 1970 of its next change; `undefined` if time alone changes nothing. */
  readonly nextMs: number | undefined;
}

const STARTS_AFTER_MS = 1_000;
const RUNS_MS = 1_000;
const RETRY_MS = 5_000;

/** Back-off between image pulls, and between restarts. */
const BACK_OFF = { firstMs: 10_000, mostMs: 300_000 };

/** Returns the delay before a restart; the first restart is immediate. */
const restartDelayMs = (restarts: number): number => (restarts === 0 ? 0 : backOffMs(BACK_OFF, restarts));

/** Advances the state of one container to the current time. Idempotent. */
export function stepContainer(
  container: JsonObject,
  stored: JsonObject | undefined,
  context: ContainerContext,
): ContainerStep {
  const base =
    stored && stored['image'] === container['image']
      ? stored
      : {
          ...blank(container),
          ...(stored && { restartCount: stored['restartCount'], lastState: stored['lastState'] }),
        };
  if (at(base, 'state', 'running') !== undefined) return running(container, base, context);
  if (at(base, 'state', 'terminated') !== undefined) return ended(container, base, context);
  if (textAt(base, 'state', 'waiting', 'reason') === 'CrashLoopBackOff') return backingOff(container, base, context);
  return waiting(container, base, context);
}

const blank = (container: JsonObject): JsonObject => ({
  name: container['name'],
  image: container['image'],
  imageID: '',
  ready: false,
  started: false,
  restartCount: 0,
  state: {},
  lastState: {},
});

const wait = (status: JsonObject, reason: string, message?: string): JsonObject => ({
  ...status,
  ready: false,
  started: false,
  state: { waiting: defined({ reason, message }) },
});
const fieldPath = (container: JsonObject): string => `spec.containers{${textAt(container, 'name') ?? ''}}`;
const imageOf = (container: JsonObject): string => textAt(container, 'image') ?? '';
const waitsFor = (status: JsonObject): string | undefined => textAt(status, 'state', 'waiting', 'reason');

function waiting(container: JsonObject, status: JsonObject, context: ContainerContext): ContainerStep {
  const image = imageOf(container);
  const { pull } = imageRule(image);
  const say = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    context.event({ type, reason, message, fieldPath: fieldPath(container) });
  if (context.held) return { status: wait(status, 'PodInitializing'), nextMs: undefined };
  const due = context.startMs + STARTS_AFTER_MS;
  if (context.nowMs < due)
    return { status: waitsFor(status) === undefined ? wait(status, 'ContainerCreating') : status, nextMs: due };
  if (pull === 'invalid') {
    const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
    if (waitsFor(status) !== 'InvalidImageName') {
      say('Warning', 'InspectFailed', message);
      say('Warning', 'Failed', 'Error: InvalidImageName');
    }
    return { status: wait(status, 'InvalidImageName', message), nextMs: undefined };
  }
  if (pull === 'missing') return pulling(image, status, context, say);
  if (context.problem !== undefined) {
    if (textAt(status, 'state', 'waiting', 'message') !== context.problem)
      say('Warning', 'Failed', `Error: ${context.problem}`);
    return { status: wait(status, 'CreateContainerConfigError', context.problem), nextMs: context.nowMs + RETRY_MS };
  }
  return start(container, status, context);
}

/** Pulls at 1 s after the start, then with delays of 10, 20, 40 … 300 s. Each failure shows as ErrImagePull for 5 s. */
function pulling(
  image: string,
  status: JsonObject,
  context: ContainerContext,
  say: (type: 'Normal' | 'Warning', reason: string, message: string) => void,
): ContainerStep {
  let failures = 1;
  let attemptMs = context.startMs + STARTS_AFTER_MS;
  let nextAttemptMs = attemptMs + backOffMs(BACK_OFF, failures);
  while (nextAttemptMs <= context.nowMs) {
    failures += 1;
    attemptMs = nextAttemptMs;
    nextAttemptMs += backOffMs(BACK_OFF, failures);
  }
  const cause = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found (simulated)`;
  const failed = `rpc error: code = NotFound desc = ${cause}`;
  if (context.nowMs < attemptMs + RETRY_MS) {
    if (waitsFor(status) !== 'ErrImagePull') {
      say('Normal', 'Pulling', `Pulling image "${image}"`);
      say('Warning', 'Failed', `Failed to pull image "${image}": ${failed}`);
      say('Warning', 'Failed', 'Error: ErrImagePull');
    }
    return { status: wait(status, 'ErrImagePull', failed), nextMs: attemptMs + RETRY_MS };
  }
  if (waitsFor(status) !== 'ImagePullBackOff') {
    say('Normal', 'BackOff', `Back-off pulling image "${image}"`);
    say('Warning', 'Failed', 'Error: ImagePullBackOff');
  }
  return {
    status: wait(status, 'ImagePullBackOff', `Back-off pulling image "${image}": ErrImagePull: ${failed}`),
    nextMs: nextAttemptMs,
  };
}

/** Derives 64 hexadecimal digits from a text. */
const digest = (text: string): string =>
  Array.from({ length: 8 }, (_, part) => fnv32(`${part}/${text}`).toString(16).padStart(8, '0')).join('');

function start(container: JsonObject, status: JsonObject, context: ContainerContext): ContainerStep {
  const image = imageOf(container);
  const restarts = numberAt(status, 'restartCount') ?? 0;
  const say = (reason: string, message: string) =>
    context.event({ type: 'Normal', reason, message, fieldPath: fieldPath(container) });
  if (restarts === 0) say('Pulling', `Pulling image "${image}"`);
  say(
    'Pulled',
    restarts === 0
      ? `Successfully pulled image "${image}" in 0s (simulated: nothing was downloaded)`
      : `Container image "${image}" already present on machine`,
  );
  say('Created', 'Container created');
  say('Started', 'Container started');
  const reference = parseImage(image);
  const next = {
    ...status,
    imageID: `${reference?.host || 'docker.io'}/${reference?.repository ?? image}@${reference?.digest ?? `sha256:${digest(image)}`}`,
    containerID: `sandbox://${digest(`${context.pod}/${textAt(container, 'name') ?? ''}/${restarts}`)}`,
    state: { running: { startedAt: context.now } },
  };
  return running(container, next, context);
}

/** Returns how a running program ends, and when, in milliseconds after its start; undefined if it keeps running. */
function endOf(
  container: JsonObject,
  context: ContainerContext,
): { readonly afterMs: number; readonly code: number; readonly reason: string; readonly probe?: string } | undefined {
  const rule = imageRule(imageOf(container));
  if (rule.ends) return { afterMs: RUNS_MS, ...rule.ends };
  if (context.task) return { afterMs: RUNS_MS, code: 0, reason: 'Completed' };
  const { killedMs, killer } = probeTimes(container, rule.answersAfterMs);
  return killedMs === undefined
    ? undefined
    : { afterMs: killedMs, code: 137, reason: 'Error', ...(killer !== undefined && { probe: killer }) };
}

function running(container: JsonObject, status: JsonObject, context: ContainerContext): ContainerStep {
  const startedAt = textAt(status, 'state', 'running', 'startedAt') ?? context.now;
  const startedMs = timeOf(startedAt);
  const end = endOf(container, context);
  if (end && context.nowMs >= startedMs + end.afterMs) {
    if (end.probe !== undefined)
      context.event({
        type: 'Warning',
        reason: 'Unhealthy',
        message: `${end.probe} probe failed: the program does not answer yet (simulated)`,
        fieldPath: fieldPath(container),
      });
    const terminated = {
      exitCode: end.code,
      reason: end.reason,
      startedAt,
      finishedAt: context.now,
      containerID: status['containerID'],
    };
    return ended(container, { ...status, ready: false, started: false, state: { terminated } }, context);
  }
  const times = probeTimes(container, imageRule(imageOf(container)).answersAfterMs);
  const due = [
    startedMs + times.startedMs,
    times.readyMs === undefined ? undefined : startedMs + times.readyMs,
    end && startedMs + end.afterMs,
  ];
  const ready = !context.task && times.readyMs !== undefined && context.nowMs >= startedMs + times.readyMs;
  if (times.readyMs === undefined && status['started'] !== true && container['readinessProbe'] !== undefined) {
    context.event({
      type: 'Warning',
      reason: 'Unhealthy',
      message: 'Readiness probe failed: the program answers that it is not ready (simulated)',
      fieldPath: fieldPath(container),
    });
  }
  return {
    status: { ...status, started: context.nowMs >= startedMs + times.startedMs, ready },
    nextMs: earliest(due.filter((time) => time !== undefined && time > context.nowMs)),
  };
}

/** Returns the earliest of the given times. */
export const earliest = (times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

function ended(container: JsonObject, status: JsonObject, context: ContainerContext): ContainerStep {
  const code = numberAt(status, 'state', 'terminated', 'exitCode') ?? 0;
  const again = context.restartPolicy === 'Always' || (context.restartPolicy === 'OnFailure' && code !== 0);
  if (!again) return { status, nextMs: undefined };
  const name = textAt(container, 'name') ?? '';
  const restarts = numberAt(status, 'restartCount') ?? 0;
  const held = { ...status, lastState: { terminated: objectAt(status, 'state', 'terminated') } };
  if (restartDelayMs(restarts) === 0) return restart(container, held, context);
  context.event({
    type: 'Warning',
    reason: 'BackOff',
    message: `Back-off restarting failed container ${name} in pod ${context.pod}`,
    fieldPath: fieldPath(container),
  });
  return backingOff(
    container,
    wait(
      held,
      'CrashLoopBackOff',
      `back-off ${spoken(restartDelayMs(restarts))} restarting failed container=${name} pod=${context.pod}`,
    ),
    context,
  );
}

/** Formats a duration as Go does: `10s`, `1m20s`. */
const spoken = (ms: number): string => {
  const seconds = ms / 1000;
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
};

function backingOff(container: JsonObject, status: JsonObject, context: ContainerContext): ContainerStep {
  const due =
    timeOf(textAt(status, 'lastState', 'terminated', 'finishedAt')) +
    restartDelayMs(numberAt(status, 'restartCount') ?? 0);
  return context.nowMs < due ? { status, nextMs: due } : restart(container, status, context);
}

const restart = (container: JsonObject, status: JsonObject, context: ContainerContext): ContainerStep =>
  start(container, { ...status, restartCount: (numberAt(status, 'restartCount') ?? 0) + 1 }, context);
