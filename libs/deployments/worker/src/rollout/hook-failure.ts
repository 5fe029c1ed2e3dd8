import type { ApplicationHealth, HookPhase, KubernetesObject } from '#kubernetes';
import { list, record, text } from '../cluster/json.ts';
import { FAILURE_CODES, fixOf, type Failure } from '../cluster/failure.ts';

interface NamedHook {
  readonly phase: HookPhase;
  readonly object: Pick<KubernetesObject, 'kind' | 'metadata'>;
}

/** Returns the name of a hook: `pre-deploy hook Job/migrate`. */
export const hookName = ({ phase, object: { kind, metadata } }: NamedHook): string =>
  `${phase} hook ${kind}/${metadata.name}`;

/** Failures for which a hook has a code of its own, since they say that it ran and what it did was not a success. */
const RAN: ReadonlySet<string | undefined> = new Set([
  undefined,
  'deployments/job-failed',
  'deployments/container-crashed',
]);

/**
 * Returns the failure of a hook that failed or did not complete in time.
 * @param about.tail last lines of its log, none if there is no log
 * @param about.waitedMs set after a timeout
 */
export function failureOfHook(
  hook: NamedHook,
  { message, code: cause, objects }: Pick<ApplicationHealth, 'message' | 'code' | 'objects'>,
  about: { readonly app: string; readonly tail: readonly string[]; readonly waitedMs?: number | undefined },
): Failure {
  const code = cause === undefined || RAN.has(cause) ? 'deployments/hook-failed' : FAILURE_CODES[cause];
  const why = (objects[0]?.message ?? message).replace(/\.$/, '');
  const what =
    about.waitedMs === undefined ? 'failed' : `did not complete within ${Math.round(about.waitedMs / 1_000)} s`;
  const reason = why === '' ? '' : `: ${why}`;
  const log = about.tail.length === 0 ? '' : `; its log ends with: ${about.tail.join(' | ')}`;
  return { code, message: `${hookName(hook)} ${what}${reason}${log}`, fix: fixOf(code, about.app) };
}

/** Shorter values are not hidden, because they are part of many words. */
const MIN_SECRET = 4;
const LINE_LENGTH = 200;

/** Returns all values of the Secrets among the objects, the longest first. */
export function secretValues(objects: readonly KubernetesObject[]): readonly string[] {
  const values = objects
    .filter(({ apiVersion, kind }) => apiVersion === 'v1' && kind === 'Secret')
    .flatMap((secret) => Object.values(record(secret['data'])))
    .flatMap((value) =>
      Buffer.from(text(value) ?? '', 'base64')
        .toString('utf8')
        .split('\n'),
    )
    .map((value) => value.trim());
  return [...new Set(values)].filter(({ length }) => length >= MIN_SECRET).sort((a, b) => b.length - a.length);
}

/** Returns lines of a log as they may be shown and stored, without the given values. */
export const withoutValues = (lines: readonly string[], hidden: readonly string[]): readonly string[] =>
  lines
    .map((line) => hidden.reduce((shown, value) => shown.replaceAll(value, '***'), line).trim())
    .filter((line) => line !== '')
    .map((line) => (line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH - 1)}…` : line));

/** Returns the container whose log tells most about a failure: the one that failed, otherwise the first. */
export function containerToRead(pod: KubernetesObject): string | undefined {
  const statuses = ['initContainerStatuses', 'containerStatuses'].flatMap((member) =>
    list(record(pod['status'])[member]).map(record),
  );
  const failed = statuses.find(({ state }) => {
    const { exitCode } = record(record(state)['terminated']);
    return typeof exitCode === 'number' && exitCode !== 0;
  });
  const first = record(list(record(pod['spec'])['containers'])[0]);
  return text(failed?.['name']) ?? text(first['name']);
}
