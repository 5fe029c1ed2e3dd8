import { CommandFailedError, EXIT_CODES, ExitCode, parseSpan, usage, type CommandError, type Session } from '#cli';
import {
  applicationLogsRequest,
  applicationStatusRequest,
  listRevisionsRequest,
  watchRequest,
  type ApplicationStatusView,
} from '#deployments/contract';
import { abortAfter } from '#kernel';

/** Returns `--timeout` in milliseconds, or an error. */
export const timeoutOf = (options: { readonly timeout: string }): number | CommandError =>
  parseSpan(options.timeout) ?? usage('--timeout is not a duration.', 'write it as 30s or 5m');

/** What to wait for, and for how long. */
export interface WaitFor {
  readonly org: string;
  readonly name: string;
  /** Waits for this revision (`v4`) or a later one. Defaults to the newest. */
  readonly version?: string;
  /** Waits for this attempt or a later one, since an earlier attempt of the same revision may have ended. */
  readonly attempt?: number;
  readonly goal: 'running' | 'healthy' | 'deleted';
  readonly timeoutMs: number;
  /** Whether to print each new status on standard error. */
  readonly narrate: boolean;
}

/** Interval at which the status is polled when the watch reports nothing. */
const POLL_MS = 1_000;

/**
 * Waits until an application reaches the expected state. Fails as soon as it is clear that it will not.
 * @returns 0, or a failure with exit code 3 (failed or degraded) or 8 (timeout)
 */
export async function waitForRollout(session: Session, wait: WaitFor): Promise<0 | CommandError> {
  const { io } = session;
  const startedMs = io.clock.now();
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, io.interrupted]);
  const changes = createSignal();
  void notifyOnChanges(session, wait, signal, changes.notify);
  let reported = '';
  try {
    for (;;) {
      const status = await session.call(applicationStatusRequest, { org: wait.org, name: wait.name });
      if (!status.ok) {
        if (wait.goal === 'deleted' && status.failure.exit === EXIT_CODES['not-found']) return 0;
        if (status.failure.exit !== EXIT_CODES.unavailable || io.clock.now() - startedMs > wait.timeoutMs)
          return status.failure;
      } else {
        const { value } = status;
        const verdict = judge(value, wait);
        const words = `${value.name} ${value.version}: ${progressOf(value)}`;
        if (wait.narrate && verdict === 'open' && words !== reported) session.print.note(words);
        reported = words;
        if (verdict === 'reached') {
          const replaced = await rolledBack(session, wait, value);
          if (replaced) return replaced;
          if (wait.narrate)
            session.print.note(
              `${value.name} ${value.version}: ${value.status} after ${Math.round((io.clock.now() - startedMs) / 1_000)} s${value.endpoint === null ? '' : ` at ${value.endpoint}`}`,
            );
          return 0;
        }
        if (verdict === 'lost') return await lost(session, wait, value);
        if (io.clock.now() - startedMs > wait.timeoutMs) return late(value, wait.timeoutMs);
      }
      if (io.interrupted.aborted)
        return {
          failure: true,
          exit: ExitCode.Interrupted,
          detail: 'Interrupted; the rollout continues.',
          fix: `astroctl app wait ${wait.name}`,
        };
      await Promise.race([changes.next(), io.pause(POLL_MS, signal)]);
    }
  } finally {
    stop.abort();
  }
}

/** Returns the progress, such as `PROGRESSING 0/2`, followed by the problem that the platform waits for. */
function progressOf({ status, replicas, problem }: ApplicationStatusView): string {
  if (status !== 'PROGRESSING') return status;
  return [status, ...(replicas === null ? [] : [replicas])].join(' ') + (problem ? `: ${problem}` : '');
}

/** Returns the failure of the expected revision if the platform rolled it back by itself. */
async function rolledBack(
  session: Session,
  { org, name, version: wanted }: WaitFor,
  { version }: ApplicationStatusView,
): Promise<CommandError | undefined> {
  if (wanted === undefined || version === wanted) return undefined;
  const revisions = await session.list(listRevisionsRequest, { org, name });
  if (!revisions.ok) return undefined; // the application itself runs
  const find = (of: string) => revisions.value.find((revision) => revision.version === of);
  if (find(wanted)?.state !== 'FAILED' || find(version)?.rollbackOf === null) return undefined;
  return {
    failure: true,
    exit: ExitCode.RolloutFailed,
    detail: `${name} ${wanted} failed; ${version}, which is ${find(version)?.rollbackOf ?? 'an earlier revision'} again, runs.`,
    fix: `correct the manifest and apply again; see: astroctl app events ${name}`,
    problem: { status: 'FAILED', version: wanted, servingVersion: version },
  };
}

type Verdict = 'reached' | 'lost' | 'open';

/** Decides whether a status ends the wait. */
function judge(
  status: Pick<ApplicationStatusView, 'status' | 'health' | 'version' | 'attempt'>,
  { goal, version, attempt }: Pick<WaitFor, 'goal' | 'version' | 'attempt'>,
): Verdict {
  if (goal === 'deleted') return status.status === 'FAILED' ? 'lost' : 'open';
  if (version !== undefined && revisionOf(status.version) < revisionOf(version)) return 'open';
  if (attempt !== undefined && (status.attempt?.number ?? 0) < attempt) return 'open';
  if (status.status === 'PAUSED') return 'lost';
  const ended = status.attempt === null || status.attempt.state === 'SUCCEEDED' || status.attempt.state === 'FAILED';
  if (!ended) return 'open';
  if (status.status === 'RUNNING' && (goal === 'running' || status.health === 'Healthy')) return 'reached';
  return status.status === 'FAILED' || status.status === 'DEGRADED' ? 'lost' : 'open';
}

const revisionOf = (version: string): number => Number(version.replace(/^v/, ''));

async function lost(session: Session, { org, name }: WaitFor, status: ApplicationStatusView): Promise<CommandError> {
  if (status.status === 'PAUSED')
    return {
      failure: true,
      exit: ExitCode.RolloutFailed,
      detail: `${name} is paused; ${status.version} is not deployed until it is resumed.`,
      fix: `astroctl app resume ${name}`,
    };
  const { version, message, servingVersion, code, fix } = status;
  const failing = new Set(status.pods.filter((pod) => pod.failing).map((pod) => pod.name));
  const isAnotherServing = servingVersion !== null && servingVersion !== version;
  // Logs of the version that is still serving do not explain the failure.
  if (failing.size > 0 || !isAnotherServing) await lastLines(session, org, name, failing);
  const correct = fix ?? 'correct the manifest and apply again';
  return {
    failure: true,
    exit: ExitCode.RolloutFailed,
    detail: `${name} ${version} is ${status.status}: ${(message ?? 'no reason given').replace(/\.?$/, '.')}`,
    fix: isAnotherServing
      ? `${correct}, or roll back: astroctl app rollback ${name} --to ${servingVersion}`
      : `${correct}, or see: astroctl app events ${name} -k`,
    ...(code !== null && { code }),
    ...(status.attempt && { requestId: status.attempt.id }),
    problem: { code, detail: message, status: status.status, version, servingVersion },
  };
}

function late({ name, version, status, message }: ApplicationStatusView, timeoutMs: number): CommandError {
  return {
    failure: true,
    exit: ExitCode.Pending,
    detail: `${name} ${version} is still ${status} after ${Math.round(timeoutMs / 1_000)} s${message === null ? '' : `: ${message.replace(/\.$/, '')}`}. The rollout continues.`,
    fix: `astroctl app wait ${name} --timeout 10m`,
  };
}

/**
 * Prints the last log lines of failed pods, which often explain the failure. Prints nothing when there are none.
 * @param only names of pods; if empty, the lines of all pods are printed
 */
async function lastLines(session: Session, org: string, name: string, only: ReadonlySet<string>): Promise<void> {
  try {
    for await (const { pod, line } of session.stream(
      applicationLogsRequest,
      { org, name, tail: 20 },
      abortAfter(session.io.clock, 5_000),
    ))
      if (only.size === 0 || only.has(pod)) session.print.note(`${pod}: ${line}`);
  } catch (error) {
    if (!(error instanceof CommandFailedError) && !(error instanceof Error && error.name === 'TimeoutError'))
      session.print.note(`(no log lines: ${String(error)})`);
  }
}

interface Signal {
  notify(): void;
  /** Resolves at the next notification. */
  next(): Promise<void>;
}

function createSignal(): Signal {
  let wake = () => {};
  let waiting = new Promise<void>((resolve) => (wake = resolve));
  return {
    notify() {
      wake();
      waiting = new Promise<void>((resolve) => (wake = resolve));
    },
    next: () => waiting,
  };
}

/** Resolves at each change of the application. Errors of the watch are ignored, since the status is polled too. */
async function notifyOnChanges(
  session: Session,
  { org, name }: WaitFor,
  signal: AbortSignal,
  notify: () => void,
): Promise<void> {
  try {
    for await (const change of session.stream(watchRequest, { org, application: name }, signal))
      if (change.application === name) notify();
  } catch (error) {
    if (!signal.aborted && session.flags.debug) session.print.note(`watch: ${String(error)}`);
  }
}
