import type { Controller } from '../controller.ts';
import { conditionIn, conditionsOf } from './conditions.ts';
import { createdAt, objectsAt, textAt, timeOf } from './fields.ts';
import { KUBELET, SIMULATED } from './managers.ts';
import { isOwnNode } from './nodes.ts';

const HEARTBEAT_MS = 300_000;
const EVENT_LIFE_MS = 3_600_000;

/** Updates the heartbeat of each node every five minutes. */
export function nodeHeartbeat(): Controller {
  return {
    name: 'node-heartbeat',
    watches: [{ resource: 'nodes', keys: ({ key }) => (isOwnNode(key.name) ? [key] : []) }],
    reconcile(key, cluster) {
      const node = cluster.store.get(key);
      if (!node) return undefined;
      const beat = timeOf(textAt(conditionIn(conditionsOf(node.status), 'Ready'), 'lastHeartbeatTime'));
      const waitMs = beat + HEARTBEAT_MS - cluster.clock.now();
      if (waitMs > 0) return { afterMs: waitMs };
      const now = cluster.timestamp();
      const others = objectsAt(node, 'status', 'conditions').filter((condition) => condition['type'] !== 'Ready');
      const before = conditionIn(conditionsOf(node.status), 'Ready');
      const ready = {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: SIMULATED,
        lastHeartbeatTime: now,
        lastTransitionTime: before?.['status'] === 'True' ? before['lastTransitionTime'] : now,
      };
      cluster.updateStatus({ ...node, status: { ...node.status, conditions: [...others, ready] } }, KUBELET);
      return { afterMs: HEARTBEAT_MS };
    },
  };
}

/** Deletes events one hour after they were last counted, the default of the API server. */
export function eventExpiry(): Controller {
  return {
    name: 'event-expiry',
    watches: [{ resource: 'events' }],
    reconcile(key, cluster) {
      const event = cluster.store.get(key);
      if (!event) return undefined;
      const waitMs = (timeOf(textAt(event, 'lastTimestamp')) || createdAt(event)) + EVENT_LIFE_MS - cluster.clock.now();
      if (waitMs > 0) return { afterMs: waitMs };
      cluster.delete(key, { uid: event.metadata.uid });
      return undefined;
    },
  };
}
