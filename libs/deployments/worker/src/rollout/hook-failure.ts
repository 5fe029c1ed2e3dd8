import type { ApplicationHealth, HookPhase, KubernetesObject } from '#kubernetes';
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
 * Returns the failure of a hook that failed or did not complete in time. Lines of its log are not part of it, because
 * events and receipts contain it, which are shown without the permission to read logs.
 * @param about.waitedMs set after a timeout
 */
export function failureOfHook(
  hook: NamedHook,
  { message, code: cause, objects }: Pick<ApplicationHealth, 'message' | 'code' | 'objects'>,
  about: { readonly app: string; readonly waitedMs?: number | undefined },
): Failure {
  const code = cause === undefined || RAN.has(cause) ? 'deployments/hook-failed' : FAILURE_CODES[cause];
  const why = (objects[0]?.message ?? message).replace(/\.$/, '');
  const what =
    about.waitedMs === undefined ? 'failed' : `did not complete within ${Math.round(about.waitedMs / 1_000)} s`;
  const reason = why === '' ? '' : `: ${why}`;
  return { code, message: `${hookName(hook)} ${what}${reason}`, fix: fixOf(code, about.app) };
}
