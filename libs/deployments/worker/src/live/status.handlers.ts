import { Input, reply, Serves } from '#bus';
import type { InputOf } from '#bus/contract';
import { liveStatusRequest } from '#deployments/contract';
import { podFailure } from '#kubernetes';
import { Controller, Inject } from '@nestjs/common';
import { withClusterErrors } from '../cluster/cluster-requests.worker.ts';
import { ClusterConnections } from '../cluster/connections.worker.ts';
import { podRow, replicasText } from '../cluster/pods.ts';
import { livePods, liveWorkloads } from '../cluster/workloads.worker.ts';
import { missingAccessOf, RESOLVE_HOST, type ResolveHost } from './external-access.worker.ts';

/** Handles requests for replicas and pods. */
@Controller()
export class StatusHandlers {
  constructor(
    @Inject(ClusterConnections) private readonly connections: ClusterConnections,
    @Inject(RESOLVE_HOST) private readonly resolve: ResolveHost,
  ) {}

  @Serves(liveStatusRequest)
  status(@Input() { cluster, inventory }: InputOf<typeof liveStatusRequest>) {
    return withClusterErrors(this.connections, cluster, async (client) => {
      const workloads = await liveWorkloads(
        client,
        inventory.filter(({ hook }) => !hook),
      );
      const [pods, externalAccess] = await Promise.all([
        livePods(client, workloads),
        // In a sandbox, nothing can be reached from outside.
        cluster.type === 'sandbox' ? [] : missingAccessOf(client, inventory, this.resolve),
      ]);
      return reply({
        replicas: replicasText(workloads),
        pods: pods.map((pod) => podRow(pod, podFailure(pod) !== undefined)),
        externalAccess,
      });
    });
  }
}
