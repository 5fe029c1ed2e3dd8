import { Input, reply, Serves } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { liveResourcesRequest, type ClusterConnection, type InventoryEntry } from '#deployments/contract';
import { CLOCK, type Clock } from '#kernel';
import {
  driftOfChange,
  driftText,
  healthOf,
  inventoryName,
  keyText,
  objectSync,
  readInventory,
  type Inventory,
  type KubernetesClient,
} from '#kubernetes';
import { Controller, Inject } from '@nestjs/common';
import { withClusterErrors } from '../cluster/cluster-requests.worker.ts';
import { ClusterConnections } from '../cluster/connections.worker.ts';
import { CONFIG_MAP } from '../cluster/kinds.ts';
import { liveObject } from '../cluster/workloads.worker.ts';
import { toLibrary } from '../rollout/inventory.ts';

type Row = OutputOf<typeof liveResourcesRequest>['items'][number];

/** Handles requests for the objects of an application. */
@Controller()
export class ResourcesHandlers {
  constructor(
    @Inject(ClusterConnections) private readonly connections: ClusterConnections,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Returns the present state of all objects of the inventory, and the inventory's own object if it is missing. Hooks
   * that were deleted after they ran are left out.
   */
  @Serves(liveResourcesRequest)
  resources(@Input() { cluster, applicationId, namespace, inventory }: InputOf<typeof liveResourcesRequest>) {
    return withClusterErrors(this.connections, cluster, async (client) => {
      const name = inventoryName(applicationId);
      const held = await client.get(CONFIG_MAP, name, namespace);
      const read = held && readInventory(held);
      const rows = await Promise.all(inventory.map((entry) => this.row(client, entry, cluster.health, read)));
      const items = rows.filter((row) => row !== undefined);
      return reply({ items: read ? items : [missing({ kind: 'ConfigMap', namespace, name }), ...items] });
    });
  }

  private async row(
    client: KubernetesClient,
    entry: InventoryEntry,
    kinds: ClusterConnection['health'],
    inventory: Inventory | undefined,
  ): Promise<Row | undefined> {
    const named = { kind: entry.kind, namespace: entry.namespace === '' ? null : entry.namespace, name: entry.name };
    const object = await liveObject(client, entry);
    const key = keyText(toLibrary(entry).key);
    if (!object && inventory?.jobs.has(key))
      return { ...missing(named), health: 'Healthy', sync: 'Synced', message: 'it completed and was removed' };
    if (!object) return entry.hook ? undefined : missing(named);
    const { state, message } = healthOf(object, { nowMs: this.clock.now(), kinds });
    const createdAt = object.metadata.creationTimestamp ?? null;
    if (entry.hook) {
      const said = ['it is a hook', message].filter((part) => part !== '').join('; ');
      return { ...named, health: state, sync: 'Synced', message: said, createdAt };
    }
    const isPending = inventory?.pending.has(key) === true;
    const { state: sync, changed, alsoBy } = objectSync(object, inventory?.applied.get(key));
    const words = [
      message,
      isPending ? 'it was not updated' : sync === 'OutOfSync' ? driftText(driftOfChange('it', changed)) : '',
      alsoBy.length > 0 ? `it also has fields of ${alsoBy.join(', ')}` : '',
    ].filter((text) => text !== '');
    return {
      ...named,
      health: state,
      sync: isPending ? 'OutOfSync' : sync,
      message: words.length === 0 ? null : words.join('; '),
      createdAt,
    };
  }
}

const missing = (named: Pick<Row, 'kind' | 'namespace' | 'name'>): Row => ({
  ...named,
  health: 'Missing',
  sync: 'OutOfSync',
  message: 'it does not exist on the cluster',
  createdAt: null,
});
