import { Input, reply, Serves } from '#bus';
import type { InputOf, OutputOf } from '#bus/contract';
import { liveResourcesRequest, type InventoryEntry } from '#deployments/contract';
import { CLOCK, type Clock } from '#kernel';
import { FIELD_MANAGER, healthOf, type KubernetesClient } from '#kubernetes';
import { Controller, Inject } from '@nestjs/common';
import { answering } from '../cluster/answering.worker.ts';
import { ClusterConnections } from '../cluster/connections.worker.ts';
import { liveObject } from '../cluster/workloads.worker.ts';
import { syncOf } from './sync.ts';

type Row = OutputOf<typeof liveResourcesRequest>['items'][number];

@Controller()
export class ResourcesHandlers {
  constructor(
    @Inject(ClusterConnections) private readonly connections: ClusterConnections,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Each object of the inventory as it is now. */
  @Serves(liveResourcesRequest)
  resources(@Input() { cluster, inventory }: InputOf<typeof liveResourcesRequest>) {
    return answering(this.connections, cluster, async (client) =>
      reply({ items: await Promise.all(inventory.map((entry) => this.row(client, entry))) }),
    );
  }

  private async row(client: KubernetesClient, entry: InventoryEntry): Promise<Row> {
    const named = { kind: entry.kind, namespace: entry.namespace === '' ? null : entry.namespace, name: entry.name };
    const object = await liveObject(client, entry);
    if (!object)
      return {
        ...named,
        health: 'Missing',
        sync: 'OutOfSync',
        message: 'it does not exist on the cluster',
        createdAt: null,
      };
    const { state, message } = healthOf(object, { nowMs: this.clock.now() });
    return {
      ...named,
      health: state,
      sync: syncOf(object, FIELD_MANAGER),
      message: message === '' ? null : message,
      createdAt: object.metadata.creationTimestamp ?? null,
    };
  }
}
