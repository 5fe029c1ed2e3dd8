import { at, isRecord, list, number, text, type JsonRecord, type KubernetesObject } from '../objects.ts';
import { MAX_RESTARTS } from './failure-tolerance.ts';
import type { FailureCode, Health } from './health.types.ts';

/** Why a pod cannot become ready. */
export interface PodFailure {
  readonly code: FailureCode;
  /** Message without a full stop: `pod/web-1 cannot pull images.acme.dev/web:1.5 (ImagePullBackOff)`. */
  readonly message: string;
  /** Whether waiting cannot help. */
  readonly final: boolean;
}

/** Returns why a pod fails; undefined while it may still become ready. */
export function podFailure(pod: KubernetesObject): PodFailure | undefined {
  if (pod.metadata.deletionTimestamp !== undefined) return undefined;
  const name = `pod/${pod.metadata.name}`;
  if (at(pod, 'status', 'phase') === 'Failed') return failedPod(name, pod);
  const unscheduled = list(at(pod, 'status', 'conditions')).find(
    (condition) =>
      at(condition, 'type') === 'PodScheduled' &&
      at(condition, 'status') === 'False' &&
      at(condition, 'reason') === 'Unschedulable',
  );
  if (unscheduled !== undefined) {
    const why = text(at(unscheduled, 'message'));
    const isVolume = /PersistentVolumeClaim|volume node affinity|persistentvolumeclaim/.test(why ?? '');
    return {
      code: isVolume ? 'deployments/volume-not-bound' : 'deployments/no-capacity',
      message: `${name} cannot be scheduled${suffix(why)}`,
      final: false,
    };
  }
  for (const member of ['initContainerStatuses', 'containerStatuses']) {
    for (const status of list(at(pod, 'status', member))) {
      const found = isRecord(status) ? containerFailure(name, status) : undefined;
      if (found) return found;
    }
  }
  return undefined;
}

/** Describes a pod that has ended: by its own reason, such as Evicted, or by its first container that failed. */
function failedPod(name: string, pod: KubernetesObject): PodFailure {
  const reason = text(at(pod, 'status', 'reason'));
  const ends = ['initContainerStatuses', 'containerStatuses']
    .flatMap((member) => list(at(pod, 'status', member)))
    .map((status) => at(status, 'state', 'terminated'));
  if (reason === undefined && ends.some((end) => at(end, 'reason') === 'OOMKilled'))
    return { code: 'deployments/out-of-memory', message: `${name} exceeded its memory limit`, final: true };
  const exit = ends.map((end) => number(at(end, 'exitCode'))).find((code) => code !== undefined && code !== 0);
  return {
    code: 'deployments/container-crashed',
    message: `${name} failed${suffix(reason ?? (exit === undefined ? undefined : `exit code ${exit}`))}`,
    final: true,
  };
}

const suffix = (why: string | undefined): string =>
  why === undefined || why === '' ? '' : ` (${why.replace(/\.$/, '')})`;

function containerFailure(pod: string, status: JsonRecord): PodFailure | undefined {
  const reason = text(at(status, 'state', 'waiting', 'reason'));
  const message = text(at(status, 'state', 'waiting', 'message'));
  const image = text(status['image']) ?? 'its image';
  const restarts = number(status['restartCount']) ?? 0;
  // Then the current state counts, not the previous one.
  const isEnded = at(status, 'state', 'terminated') !== undefined;
  const end = at(status, isEnded ? 'state' : 'lastState', 'terminated');
  const last = text(at(end, 'reason'));
  const exit = number(at(end, 'exitCode'));
  switch (reason) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'ErrImageNeverPull':
    case 'RegistryUnavailable': {
      const denied = /unauthorized|denied|authentication required|forbidden/i.test(message ?? '');
      return {
        code: denied ? 'deployments/image-pull-denied' : 'deployments/image-not-found',
        message: `${pod} cannot pull ${image} (${reasonText(message, reason)})`,
        final: false,
      };
    }
    case 'InvalidImageName':
      return { code: 'deployments/image-name-invalid', message: `${pod} has an invalid image: ${image}`, final: true };
    case 'CreateContainerConfigError':
    case 'CreateContainerError': {
      const isRoot = /runAsNonRoot|run as root/i.test(message ?? '');
      return isRoot
        ? { code: 'deployments/runs-as-root', message: `${image} runs as root; add runAsUser: 1000`, final: true }
        : {
            code: 'deployments/config-missing',
            message: `${pod} cannot be configured${suffix(startText(message, reason))}`,
            final: false,
          };
    }
    case 'RunContainerError':
      return {
        code: 'deployments/container-crashed',
        message: `${pod} cannot start${suffix(startText(message, reason))}`,
        final: restarts >= MAX_RESTARTS,
      };
    case 'CrashLoopBackOff':
      return crash(pod, last, exit, restarts);
    default:
      return isEnded && restarts >= MAX_RESTARTS && exit !== 0 ? crash(pod, last, exit, restarts) : undefined;
  }
}

function crash(pod: string, last: string | undefined, exit: number | undefined, restarts: number): PodFailure {
  const final = restarts >= MAX_RESTARTS; // a single crash may be caused by a dependency that was not ready
  if (last === 'OOMKilled')
    return {
      code: 'deployments/out-of-memory',
      message: `${pod} exceeded its memory limit (${restarts} restarts)`,
      final,
    };
  return {
    code: 'deployments/container-crashed',
    message: `${pod} crashes: exit code ${exit ?? 'unknown'}, ${restarts} restarts`,
    final,
  };
}

/**
 * Describes why a container cannot start in a fixed wording: messages of the container runtime may quote arguments or
 * variables.
 */
function startText(message: string | undefined, reason: string): string {
  const known =
    /(?:secret|configmap) "[a-z0-9.-]{1,253}" not found|couldn't find key [\w.-]{1,253} in (?:Secret|ConfigMap) [\w./-]{1,320}|executable file not found|permission denied|no such file or directory|is not a directory|subPath|runAsUser/i.exec(
      message ?? '',
    )?.[0];
  return known ?? reason;
}

/** Returns a short reason: the registry's own, if there is one. */
function reasonText(message: string | undefined, reason: string): string {
  const known = /manifest unknown|not found|no such host|unauthorized|denied|timeout/i.exec(message ?? '')?.[0];
  return known === undefined ? reason : known.toLowerCase();
}

/** Milliseconds that the scheduler has for a pod, as in kstatus. */
const SCHEDULED_WITHIN_MS = 15_000;
const UNSCHEDULED: ReadonlySet<FailureCode> = new Set(['deployments/no-capacity', 'deployments/volume-not-bound']);

/**
 * Returns the health of a pod that is itself an object of an application.
 * @param ageMs milliseconds since it was created
 */
export function podHealth(pod: KubernetesObject, ageMs = Number.POSITIVE_INFINITY): Health {
  const failure = podFailure(pod);
  if (failure && !(UNSCHEDULED.has(failure.code) && ageMs <= SCHEDULED_WITHIN_MS))
    return {
      state: 'Degraded',
      message: failure.message,
      isNamed: true,
      code: failure.code,
      ...(failure.final && { final: true }),
    };
  const phase = at(pod, 'status', 'phase');
  if (phase === 'Succeeded') return { state: 'Healthy', message: '' };
  const ready = list(at(pod, 'status', 'conditions')).some(
    (condition) => at(condition, 'type') === 'Ready' && at(condition, 'status') === 'True',
  );
  // A pod that is not restarted after a success is healthy when it has ended.
  const endsByItself = ['OnFailure', 'Never'].includes(text(at(pod, 'spec', 'restartPolicy')) ?? '');
  if (phase === 'Running' && endsByItself) return { state: 'Progressing', message: 'has not ended yet' };
  if (phase === 'Running' && ready) return { state: 'Healthy', message: '' };
  return { state: 'Progressing', message: phase === 'Running' ? 'is not ready' : 'is not running yet' };
}
