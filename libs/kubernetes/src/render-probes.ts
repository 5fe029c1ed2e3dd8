import type { ImageWorkload } from './workload.ts';

type Probed = { readonly [K in 'health' | 'port' | 'rendering']?: ImageWorkload[K] | undefined };

/** Time in which a port must open before the container is restarted: as long as a rollout may take. */
const PORT_START = { periodSeconds: 2, failureThreshold: 300 };
/** Factor of the liveness threshold: a failing pod first loses its traffic, and is restarted this much later. */
const LIVENESS_FACTOR = 3;

/**
 * Renders the probes of a container. A health path is used for startup, readiness, and liveness. Without one, an open
 * port means ready, and a container without a port is ready when it runs; there is no liveness probe, since nothing
 * indicates that the program hangs.
 */
export function probesOf({ health, port, rendering }: Probed): object {
  if (!health) return port === undefined ? {} : portProbes(rendering);
  const {
    periodSeconds = 10,
    timeoutSeconds = 3,
    failureThreshold = 3,
    startupSeconds = 300,
    initialDelaySeconds,
  } = health;
  const probe = {
    httpGet: { path: health.path, port: health.port ?? 'http', scheme: 'HTTP' },
    periodSeconds,
    timeoutSeconds,
  };
  return {
    startupProbe: {
      ...probe,
      failureThreshold: Math.max(1, Math.ceil(startupSeconds / periodSeconds)),
      ...(initialDelaySeconds !== undefined && initialDelaySeconds > 0 && { initialDelaySeconds }),
    },
    readinessProbe: { ...probe, failureThreshold },
    livenessProbe: {
      ...probe,
      failureThreshold: rendering === undefined ? failureThreshold : LIVENESS_FACTOR * failureThreshold,
    },
  };
}

function portProbes(rendering: Probed['rendering']): object {
  const tcpSocket = { port: 'http' };
  return {
    ...(rendering !== undefined && { startupProbe: { tcpSocket, timeoutSeconds: 3, ...PORT_START } }),
    readinessProbe: { tcpSocket, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 },
  };
}
