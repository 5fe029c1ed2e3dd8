import type { Json, JsonObject } from '#kernel';
import type { KubeObject } from '../store.ts';
import { duration } from './duration.ts';
import { at, countAt, listAt, textAt } from './reading.ts';

const hasCondition = (pod: KubeObject, type: string): boolean =>
  listAt(pod, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === type && textAt(condition, 'status') === 'True',
  );

interface Seen {
  ready: number;
  restarts: number;
  lastEnd: string;
  reason: string;
}

/** Returns the cells Ready, Status, and Restarts of a pod, by the rules of kubectl's printer. */
export function podCells(pod: KubeObject, nowMs: number): readonly [string, string, string] {
  const inits = listAt(pod, 'spec', 'initContainers');
  const sidecars = new Set(
    inits
      .filter((container) => textAt(container, 'restartPolicy') === 'Always')
      .map((container) => textAt(container, 'name')),
  );
  const phase = textAt(pod, 'status', 'phase');
  const isGated = listAt(pod, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === 'PodScheduled' && textAt(condition, 'reason') === 'SchedulingGated',
  );
  const seen: Seen = {
    ready: 0,
    restarts: 0,
    lastEnd: '',
    reason: isGated ? 'SchedulingGated' : textAt(pod, 'status', 'reason') || phase,
  };
  const { isStarting, sidecarRestarts } = readInits(pod, { inits, sidecars, seen });
  if (!isStarting || hasCondition(pod, 'Initialized')) {
    seen.restarts = sidecarRestarts;
    readContainers(pod, seen);
  }
  if (pod.metadata.deletionTimestamp !== undefined && phase !== 'Succeeded' && phase !== 'Failed')
    seen.reason = 'Terminating';
  const total = listAt(pod, 'spec', 'containers').length + sidecars.size;
  const restarts =
    seen.restarts === 0 || seen.lastEnd === ''
      ? String(seen.restarts)
      : `${seen.restarts} (${duration(Date.parse(seen.lastEnd), nowMs)} ago)`;
  return [`${seen.ready}/${total}`, seen.reason, restarts];
}

function note(status: Json, seen: Seen): void {
  seen.restarts += countAt(status, 'restartCount');
  const ended = textAt(status, 'lastState', 'terminated', 'finishedAt');
  if (ended > seen.lastEnd) seen.lastEnd = ended;
}

function readInits(
  pod: KubeObject,
  {
    inits,
    sidecars,
    seen,
  }: { readonly inits: readonly Json[]; readonly sidecars: ReadonlySet<string>; readonly seen: Seen },
): { readonly isStarting: boolean; readonly sidecarRestarts: number } {
  let sidecarRestarts = 0;
  for (const [index, status] of listAt(pod, 'status', 'initContainerStatuses').entries()) {
    note(status, seen);
    const isSidecar = sidecars.has(textAt(status, 'name'));
    if (isSidecar) sidecarRestarts += countAt(status, 'restartCount');
    const ended = at(status, 'state', 'terminated');
    if (ended !== undefined && countAt(ended, 'exitCode') === 0) continue;
    if (isSidecar && at(status, 'started') === true) {
      if (at(status, 'ready') === true) seen.ready += 1;
      continue;
    }
    const waiting = textAt(status, 'state', 'waiting', 'reason');
    if (ended !== undefined) seen.reason = `Init:${endReason(ended)}`;
    else if (waiting !== '' && waiting !== 'PodInitializing') seen.reason = `Init:${waiting}`;
    else seen.reason = `Init:${index}/${inits.length}`;
    return { isStarting: true, sidecarRestarts };
  }
  return { isStarting: false, sidecarRestarts };
}

function readContainers(pod: KubeObject, seen: Seen): void {
  let isRunning = false;
  for (const status of listAt(pod, 'status', 'containerStatuses').toReversed()) {
    note(status, seen);
    const waiting = textAt(status, 'state', 'waiting', 'reason');
    const ended = at(status, 'state', 'terminated');
    if (waiting !== '') seen.reason = waiting;
    else if (ended !== undefined) seen.reason = endReason(ended);
    else if (at(status, 'ready') === true && at(status, 'state', 'running') !== undefined) {
      isRunning = true;
      seen.ready += 1;
    }
  }
  if (seen.reason === 'Completed' && isRunning) seen.reason = hasCondition(pod, 'Ready') ? 'Running' : 'NotReady';
}

function endReason(ended: Json): string {
  const signal = countAt(ended, 'signal');
  return textAt(ended, 'reason') || (signal === 0 ? `ExitCode:${countAt(ended, 'exitCode')}` : `Signal:${signal}`);
}

/** Returns the conditions of a table row, by which clients gray out pods that have ended. */
export function podRowConditions(pod: KubeObject): readonly JsonObject[] {
  const phase = textAt(pod, 'status', 'phase');
  if (phase === 'Succeeded')
    return [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }];
  return phase === 'Failed'
    ? [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }]
    : [];
}
