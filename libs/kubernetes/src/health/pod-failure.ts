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
  if (at(pod, 'status', 'phase') === 'Failed')
    return {
      code: 'deployments/container-crashed',
      message: `${name} failed${suffix(text(at(pod, 'status', 'reason')))}`,
      final: true,
    };
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

/** Returns the health of a pod that is itself an object of an application. */
export function podHealth(pod: KubernetesObject): Health {
  const failure = podFailure(pod);
  if (failure)
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
  if (phase === 'Running' && ready) return { state: 'Healthy', message: '' };
  return { state: 'Progressing', message: phase === 'Running' ? 'is not ready' : 'is not running yet' };
}
