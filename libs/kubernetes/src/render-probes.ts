import type { ImageWorkload } from './workload.ts';

type Probed = { readonly [K in 'health' | 'port' | 'rendering']?: ImageWorkload[K] | undefined };

/** How long a port may take to open before the container is restarted: as long as a rollout may take. */
const PORT_START = { periodSeconds: 2, failureThreshold: 300 };
/** A pod that fails its checks loses its traffic first, and has this many times as long before it is restarted. */
const LIVENESS_PATIENCE = 3;

/**
 * A named path is asked at start, for traffic and for life. Without one an open port means ready, and what has no port is
 * ready when it runs; nothing kills a pod that once started, since nobody said how to tell that it is stuck.
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
  const asked = {
    httpGet: { path: health.path, port: health.port ?? 'http', scheme: 'HTTP' },
    periodSeconds,
    timeoutSeconds,
  };
  return {
    startupProbe: {
      ...asked,
      failureThreshold: Math.max(1, Math.ceil(startupSeconds / periodSeconds)),
      ...(initialDelaySeconds !== undefined && initialDelaySeconds > 0 && { initialDelaySeconds }),
    },
    readinessProbe: { ...asked, failureThreshold },
    livenessProbe: {
      ...asked,
      failureThreshold: rendering === undefined ? failureThreshold : LIVENESS_PATIENCE * failureThreshold,
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
