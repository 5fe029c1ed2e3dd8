import type { Controller } from '../controller.ts';
import { autoscaler } from './autoscaler.ts';
import { claimBinder } from './claims.ts';
import { cronJobController } from './cron-job.ts';
import { customKindController } from './custom-kinds.ts';
import { daemonSetController } from './daemon-set.ts';
import { deploymentController } from './deployment.ts';
import { disruptionBudgets } from './disruption.ts';
import { endpointsController } from './endpoints.ts';
import { garbageCollector } from './garbage-collector.ts';
import { eventExpiry, nodeHeartbeat } from './housekeeping.ts';
import { jobController } from './job.ts';
import { kubelet } from './kubelet.ts';
import { namespaceController } from './namespace.ts';
import { nodeLoads } from './node-load.ts';
import { quotaController } from './quota.ts';
import { replicaSetController } from './replica-set.ts';
import { scheduler } from './scheduler.ts';
import { ingressController, loadBalancers } from './service.ts';
import { statefulSetController } from './stateful-set.ts';

export { simulatedLogs } from './pod-logs.ts';
export { quotaAdmission } from './quota.ts';
/** Default for the maximum number of nodes. */
const MOST_NODES = 100;

/**
 * Creates all controllers of one sandbox. They index its objects, so each sandbox needs its own set.
 * @param mostNodes maximum number of nodes; 100 by default
 */
export function sandboxControllers(mostNodes = MOST_NODES): readonly Controller[] {
  const loads = nodeLoads();
  return [
    namespaceController(),
    garbageCollector(),
    deploymentController(),
    replicaSetController(),
    statefulSetController(),
    daemonSetController(),
    jobController(),
    cronJobController(),
    scheduler(loads, mostNodes),
    kubelet(loads),
    endpointsController(),
    loadBalancers(),
    ingressController(),
    autoscaler(),
    disruptionBudgets(),
    claimBinder(),
    quotaController(),
    customKindController(),
    nodeHeartbeat(),
    eventExpiry(),
  ];
}
