import { kubernetesSchemas } from '#kubernetes/schemas';
import type { JsonObject } from '#kernel';
import type { Cluster, Controller, Requeue } from '../controller.ts';
import { resourceName, type KubeObject } from '../store.ts';
import { conditionsOf, withCondition, type Condition } from './conditions.ts';
import { isDeleting, namespaceOf, numberAt, objectsAt, textAt } from './fields.ts';
import { CONTROLLERS } from './managers.ts';

const COMPONENT = 'horizontal-pod-autoscaler';
const PERIOD_MS = 15_000;

/**
 * Keeps replicas within an autoscaler's bounds. The sandbox has no metrics, which the autoscaler's conditions report.
 */
export function autoscaler(): Controller {
  return {
    name: 'autoscaler',
    watches: [{ resource: 'horizontalpodautoscalers.autoscaling' }],
    reconcile(key, cluster) {
      const scaler = cluster.store.get(key);
      return scaler && !isDeleting(scaler) ? reconcile(scaler, cluster) : undefined;
    },
  };
}

function targetOf(scaler: KubeObject, { store }: Cluster): KubeObject | undefined {
  const kind = kubernetesSchemas().kind(
    textAt(scaler, 'spec', 'scaleTargetRef', 'apiVersion') ?? '',
    textAt(scaler, 'spec', 'scaleTargetRef', 'kind') ?? '',
  );
  return (
    kind &&
    store.get({
      resource: resourceName(kind.plural, kind.group),
      namespace: namespaceOf(scaler),
      name: textAt(scaler, 'spec', 'scaleTargetRef', 'name') ?? '',
    })
  );
}

function reconcile(scaler: KubeObject, cluster: Cluster): Requeue {
  const target = targetOf(scaler, cluster);
  const say = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    cluster.recordEvent(scaler, { type, reason, message, component: COMPONENT });
  const write = (
    conditions: readonly Condition[],
    counts: {
      readonly currentReplicas?: number;
      readonly desiredReplicas?: number;
      readonly currentMetrics?: readonly JsonObject[];
    },
  ) => {
    const all = conditions.reduce(
      (list, condition) => withCondition(list, condition, cluster.timestamp()),
      conditionsOf(scaler.status),
    );
    cluster.updateStatus(
      { ...scaler, status: { ...scaler.status, desiredReplicas: 0, ...counts, conditions: all } },
      CONTROLLERS,
    );
  };
  if (!target) {
    const name = `${textAt(scaler, 'spec', 'scaleTargetRef', 'name') ?? ''}`;
    const cause = `${(textAt(scaler, 'spec', 'scaleTargetRef', 'kind') ?? '').toLowerCase()}s.apps "${name}" not found`;
    const message = `the HPA controller was unable to get the target's current scale: ${cause}`;
    if (conditionsOf(scaler.status).length === 0) say('Warning', 'FailedGetScale', cause);
    write([{ type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message }], {});
    return { afterMs: PERIOD_MS };
  }
  const current = numberAt(target, 'spec', 'replicas') ?? 1;
  const [least, most] = [numberAt(scaler, 'spec', 'minReplicas') ?? 1, numberAt(scaler, 'spec', 'maxReplicas') ?? 1];
  const desired = current === 0 ? 0 : Math.min(most, Math.max(least, current));
  const able: Condition = {
    type: 'AbleToScale',
    status: 'True',
    reason: 'SucceededGetScale',
    message: "the HPA controller was able to get the target's current scale",
  };
  const counts = { currentReplicas: numberAt(target, 'status', 'replicas') ?? 0, desiredReplicas: desired };
  if (current === 0) {
    write(
      [
        able,
        {
          type: 'ScalingActive',
          status: 'False',
          reason: 'ScalingDisabled',
          message: 'scaling is disabled since the replica count of the target is zero',
        },
      ],
      counts,
    );
  } else if (desired !== current) {
    cluster.scale(target, desired, CONTROLLERS);
    say(
      'Normal',
      'SuccessfulRescale',
      `New size: ${desired}; reason: Current number of replicas ${desired < current ? 'above Spec.MaxReplicas' : 'below Spec.MinReplicas'}`,
    );
    write(
      [
        {
          ...able,
          reason: 'SucceededRescale',
          message: `the HPA controller was able to update the target scale to ${desired}`,
        },
      ],
      counts,
    );
  } else {
    const failure = noMetrics(scaler);
    if (!conditionsOf(scaler.status).some((condition) => condition['reason'] === failure.reason))
      say('Warning', failure.reason ?? '', failure.message ?? '');
    write([able, failure], {
      currentReplicas: counts.currentReplicas,
      ...(objectsAt(scaler, 'spec', 'metrics').length > 0 && { currentMetrics: [{ type: '' }] }),
    });
  }
  return { afterMs: PERIOD_MS };
}

function noMetrics(scaler: KubeObject): Condition {
  const first = objectsAt(scaler, 'spec', 'metrics')[0];
  const name = textAt(first, 'resource', 'name') ?? textAt(first, 'containerResource', 'name') ?? 'cpu';
  const message = `the HPA was unable to compute the replica count: failed to get ${name} utilization: unable to get metrics for resource ${name}: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)`;
  return { type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric', message };
}
